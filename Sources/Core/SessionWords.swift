/// Which of these sessions a person means: the one of that id, or those of that name; only where there is none, those whose
/// id begins so, with at least four characters.
public func sessions<Entry>(
  meantBy words: String, among entries: [Entry], id: (Entry) -> SessionID, name: (Entry) -> String
) -> [Entry] {
  let wanted = words.lowercased()
  if hasIdentifierShape(words) { return entries.filter { id($0).rawValue == wanted } }
  let named = entries.filter { name($0) == words }
  return named.isEmpty && wanted.count >= 4 ? entries.filter { id($0).rawValue.hasPrefix(wanted) } : named
}
