/// What a program makes that may be a link, or hold some: whoever uses it later on the same line uses what is not there yet when
/// the line is judged.
enum MadePaths {
  static func of(_ invocation: Invocation) -> [String] {
    let words = invocation.words
    switch invocation.name {
    case "ln", "link", "mv", "rename": return written(invocation)
    case "cp":
      let reader = OptionReader(words, short: ["t", "S"])
      let links: Set<String> = ["-a", "-d", "-P", "-R", "-r", "-l", "-s"]
      let makes = reader.options.contains { option in
        links.contains(option.name)
          || ["--archive", "--recursive", "--no-dereference", "--link", "--symbolic-link", "--preserve"].contains {
            option.name.utf8.count > 2 && $0.hasPrefix(option.name)
          }
      }
      return makes ? written(invocation) : []
    case "rsync": return written(invocation)
    case "tar", "bsdtar", "gtar": return PathTable.tarExtracts(PathTable.tarReader(words)) ? written(invocation) : []
    case "unzip", "7z", "cpio", "pax", "unsquashfs": return written(invocation) + ["."]
    default: return []
    }
  }

  private static func written(_ invocation: Invocation) -> [String] {
    var places = invocation.uses.filter { $0.access == .write && $0.word.isKnown }.map(\.word.text)
    // A link without a place stands here, under its target's name.
    let operands = OptionReader(invocation.words, short: ["t", "S"]).operands.map(\.word)
    if invocation.name == "ln", operands.count == 1 { places.append(String(PathText.name(operands[0].text))) }
    return places
  }
}
