import Core
import FoundationEssentials
import Host

/// The list of MCP servers of a client, in a file that is the client's and its user's: what is not ours is not touched.
struct ClientSettingsFile {
  let client: ClientProgram
  /// As people know it; links are followed.
  let path: String
  let text: JSONCText
  private let place: CheckedPath
  /// nil: there is no such file yet.
  private let facts: FileFacts?
  private let isPrivate: Bool

  /// Claude Code keeps much more than servers in its file.
  private static let longest = 64 * 1024 * 1024

  init(_ client: ClientProgram, inProject: Bool = false) throws(CmdopError) {
    let places = try ClientPlaces()
    guard !inProject || client.projectFile(in: "") != nil else {
      throw CmdopError(.badUsage, "\(client.title) has no settings per project")
    }
    self.client = client
    let file = inProject ? client.projectFile(in: Start.workingDirectory) : nil
    path = file ?? client.userFile(places)
    isPrivate = !inProject
    place = try CheckedPath(path, in: Start.workingDirectory, home: places.home)
    var bytes: [UInt8] = []
    if try place.facts() != nil {
      let file = try place.openFile()
      guard file.facts.size <= Self.longest else {
        throw CmdopError(.limit, "\(path) is larger than \(Self.longest) bytes")
      }
      bytes = try file.read(at: 0, count: file.facts.size)
      facts = file.facts
    } else {
      facts = nil
    }
    do { text = try JSONCText(bytes) } catch {
      throw CmdopError(.wrongState, "\(path) cannot be read as JSON and was left alone: \(error.message)")
    }
  }

  var servers: [String: JSON] { text.value[client.key]?.object ?? [:] }

  /// What the client makes of the file as a whole; nil: it can read it.
  var trouble: String? {
    guard !client.readsComments, let beyond = text.beyondJSON else { return nil }
    return "\(path) has \(beyond), and \(client.title) reads plain JSON only"
  }

  /// Writes the file as a whole or not at all; mode and owner stay. Returns where the old one was kept, nil if there was none.
  func write(_ new: JSONCText) throws(CmdopError) -> String? {
    let backup = try keepOld()
    do throws(CmdopError) {
      _ = try place.write(new.bytes, expecting: facts.map { .exactly($0) } ?? .nothing, makesFolders: true)
    } catch {
      if let backup { PrivateFiles.remove(backup) }
      throw error
    }
    if facts == nil && isPrivate { try PrivateFiles.makePrivate(place.resolved) }
    return backup
  }

  /// 0600 whatever the old one was: it may hold keys of other servers.
  private func keepOld() throws(CmdopError) -> String? {
    guard facts != nil else { return nil }
    let time = Date(timeIntervalSince1970: Double(wallClock() / 1000))
    let stamp = time.formatted(Date.ISO8601FormatStyle(dateSeparator: .omitted, timeSeparator: .omitted))
    var backup = "\(place.resolved).bak-\(stamp)"
    var number = 1
    while FileStamp(backup) != nil {
      number += 1
      backup = "\(place.resolved).bak-\(stamp)-\(number)"
    }
    try PrivateFiles.write(text.bytes, to: backup)
    return backup
  }
}
