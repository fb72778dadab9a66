import CHost
import Foundation
import Testing

/// A user at a terminal: a program on a pseudo-terminal of ours, typed into and read.
final class Keyboard: @unchecked Sendable {
  private let master: CInt
  private let pid: pid_t
  private let seen = Locked(Data())
  private let ended = Locked<Int32?>(nil)

  init(_ binary: String, _ words: [String], _ environment: [String: String], rows: UInt16 = 24, columns: UInt16 = 80) throws {
    var (master, pid) = (CInt(-1), pid_t(0))
    let argv = ([binary] + words).map { strdup($0) } + [nil]
    let envp = environment.map { strdup("\($0)=\($1)") } + [nil]
    defer { for pointer in argv + envp { free(pointer) } }
    try #require(chost_spawn_pty(binary, argv, envp, nil, rows, columns, &master, &pid) == 0)
    (self.master, self.pid) = (master, pid)
    let (seen, ended) = (seen, ended)
    Thread.detachNewThread { [master, pid] in
      var piece = [UInt8](repeating: 0, count: 65_536)
      while case let count = read(master, &piece, piece.count), count > 0 { seen.change { $0.append(contentsOf: piece[..<count]) } }
      var (code, signal) = (CInt(0), CInt(0))
      _ = chost_wait(pid, &code, &signal)
      ended.set(signal == 0 ? code : 128 + signal)
    }
  }

  func type(_ text: String) {
    let bytes = Array(text.utf8)
    _ = write(master, bytes, bytes.count)
  }

  func resize(rows: UInt16, columns: UInt16) { _ = chost_resize(master, rows, columns) }

  var text: String { String(decoding: seen.value, as: UTF8.self) }
  var bytes: Data { seen.value }

  /// Waits until this was printed.
  func sees(_ text: String, within seconds: Double = 20) async throws {
    try await eventually("\"\(text)\" is on the screen, which shows: \(self.text.suffix(500))", within: seconds) {
      self.text.contains(text)
    }
  }

  /// Runs a line and waits for its end; the marker is put together by the shell, so its echo does not match.
  func sh(_ line: String, _ marker: String) async throws {
    let (a, b) = (marker.prefix(2), marker.dropFirst(2))
    type("\(line); printf '%s%s\\n' \(a) \(b)\r")
    try await sees(marker)
  }

  func exitStatus(within seconds: Double = 20) async throws -> Int32 {
    try await eventually("the program at the terminal has ended", within: seconds) { ended.value != nil }
    return ended.value ?? -1
  }

  func signal(_ number: Int32) { kill(pid, number) }

  func end() async {
    if ended.value == nil { kill(pid, SIGKILL) }
    try? await eventually("it is gone") { ended.value != nil }
    close(master)
  }
}

extension Street {
  /// A terminal of `name`'s user with `cmdop connect` in it.
  func connect(_ words: [String], on name: String = "box", rows: UInt16 = 24, columns: UInt16 = 80) async throws -> Keyboard {
    try Keyboard(
      binary, ["connect"] + words, environment(home(name), ["CMDOP_TOKEN": try await token()]), rows: rows, columns: columns)
  }

  /// Hostname that the fleet gave to a machine.
  func hostname(_ name: String) async throws -> String {
    try await cmdop(["agent", "status", "--json"], home: home(name)).status(of: "hostname")
  }
}

extension Street.Outcome {
  func status(of key: String) throws -> String {
    let status = try #require(json["status"] as? [String: Any])
    return try #require(status[key] as? String)
  }
}
