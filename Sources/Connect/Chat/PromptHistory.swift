import Core

/// Prompts that were typed before, as a file keeps them: one JSON string a line, so that a prompt of several lines is one entry.
public enum PromptHistory {
  public static let most = 500
  /// What is longer is not kept: nobody wants it back by pressing Up.
  static let longest = 16 * 1024
  /// Bytes of the file.
  public static let limit = 512 * 1024

  public static func parse(_ bytes: [UInt8]) -> [String] {
    let lines = bytes.split(separator: 10).suffix(most)
    return lines.compactMap { line in (try? JSON(parsing: line))?.string }
  }

  /// The file with one more entry; the oldest give way.
  public static func adding(_ prompt: String, to bytes: [UInt8]) -> [UInt8] {
    var entries = parse(bytes)
    guard prompt.utf8.count <= longest, entries.last != prompt else { return bytes }
    entries.append(prompt)
    var lines = entries.suffix(most).map { JSON.string($0).bytes + [10] }
    var size = lines.reduce(0) { $0 + $1.count }
    while size > limit, let oldest = lines.first {
      size -= oldest.count
      lines.removeFirst()
    }
    return Array(lines.joined())
  }
}
