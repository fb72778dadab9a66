import CHost
import Foundation
import Testing

/// A user at a terminal: a program on a pseudo-terminal of ours, typed into and read.
final class Keyboard: Sendable {
  let pid: pid_t
  private let master: CInt
  private let seen = Locked(Data())
  private let ended = Locked<Int32?>(nil)
  /// All that was printed has been read.
  private let drained = Locked(false)

  /// `reads`: false for a user whose screen has stopped.
  init(
    _ binary: String, _ words: [String], _ environment: [String: String], rows: UInt16 = 24, columns: UInt16 = 80,
    reads: Bool = true
  ) throws {
    var (master, pid) = (CInt(-1), pid_t(0))
    let argv = ([binary] + words).map { strdup($0) } + [nil]
    let envp = environment.map { strdup("\($0)=\($1)") } + [nil]
    defer { for pointer in argv + envp { free(pointer) } }
    try #require(chost_spawn_pty(binary, argv, envp, nil, rows, columns, &master, &pid) == 0)
    (self.master, self.pid) = (master, pid)
    let (seen, ended, drained) = (seen, ended, drained)
    if reads {
      Thread.detachNewThread { [master] in
        var piece = [UInt8](repeating: 0, count: 65_536)
        // EIO: the last process at this terminal is gone.
        while case let count = read(master, &piece, piece.count), count > 0 {
          seen.change { $0.append(contentsOf: piece[..<count]) }
        }
        drained.set(true)
      }
    }
    Thread.detachNewThread { [pid] in
      var (code, signal) = (CInt(0), CInt(0))
      _ = chost_wait(pid, &code, &signal)
      ended.set(signal == 0 ? code : 128 + signal)
    }
  }

  func type(_ text: String) {
    let bytes = Array(text.utf8)
    _ = write(master, bytes, bytes.count)
  }

  /// The window has another size; the kernel tells the program.
  func resize(rows: UInt16, columns: UInt16) { _ = chost_resize(master, rows, columns) }

  var text: String { String(decoding: seen.value, as: UTF8.self) }
  var bytes: Data { seen.value }

  /// Waits until this was printed.
  func sees(_ text: String, within seconds: Double = 30) async throws {
    try await eventually("\"\(text)\" is on the screen", within: seconds, detail: { self.screen }) {
      self.text.contains(text)
    }
  }

  /// Runs a line and waits for its end; the marker is put together by the shell, so its echo does not match.
  func sh(_ line: String, _ marker: String, within seconds: Double = 30) async throws {
    let (a, b) = (marker.prefix(2), marker.dropFirst(2))
    type("\(line); printf '%s%s\\n' \(a) \(b)\r")
    try await sees(marker, within: seconds)
  }

  func exitStatus(within seconds: Double = 30) async throws -> Int32 {
    try await eventually("the end of the program at the terminal", within: seconds, detail: { self.screen }) {
      ended.value != nil
    }
    // Its last words may be on their way still; a program that it left behind may hold the terminal open.
    for _ in 0..<200 where !drained.value { try await Task.sleep(for: .milliseconds(10)) }
    return ended.value ?? -1
  }

  /// nil while it runs.
  var status: Int32? { ended.value }

  func signal(_ number: Int32) { ended.change { if $0 == nil { kill(pid, number) } } }

  private var screen: String { "the screen shows: \(text.suffix(1500).debugDescription)" }
}

extension Street {
  /// A user of `name` with `cmdop connect` at the terminal. Ends with the street.
  func connect(
    _ words: [String], on name: String = "box", rows: UInt16 = 24, columns: UInt16 = 80, reads: Bool = true
  ) async throws -> Keyboard {
    try Keyboard(
      binary, ["connect"] + words, environment(home(name), ["CMDOP_TOKEN": try await token()]), rows: rows,
      columns: columns, reads: reads)
  }

  /// A user of `name` at a local shell, with the token at hand.
  func shell(on name: String = "box", _ line: String) async throws -> Keyboard {
    try Keyboard(
      "/bin/sh", ["-c", line], environment(home(name), ["CMDOP_TOKEN": try await token(), "CMDOP": binary]))
  }

  func sessions(_ words: [String] = []) async throws -> [[String: Any]] {
    try await client(["session", "list", "--json"] + words).list
  }

  func states(_ words: [String] = []) async throws -> [String] {
    try await sessions(words).map { $0["state"] as? String ?? "?" }
  }
}
