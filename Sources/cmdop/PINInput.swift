import Core
import Fleet
import Host
import NIOCore

extension Home {
  /// This machine's PIN, as its file has it at each moment. `host`: the machine's name, for messages.
  func pinLock(of host: String) -> PINLock {
    PINLock(
      host: host, load: { () throws(CmdopError) in try load(PINLock.State.self, pin) },
      save: { (state) throws(CmdopError) in try save(state, pin) }, now: { SteadyClock.now() })
  }
}

/// Where a PIN comes from when it is set: from a file, from standard input, or from somebody at the terminal.
enum PINInput {
  static func file(_ path: String) throws(CmdopError) -> String {
    guard let bytes = try PrivateFiles.read(path, limit: 4096) else {
      throw Hint.noFile(path)
    }
    return firstLine(String(decoding: bytes, as: UTF8.self))
  }

  static func standardInput() throws(CmdopError) -> String {
    guard let line = StandardStreams.readLine() else {
      throw CmdopError(
        .badUsage, "standard input is empty: a PIN was expected", hint: "cmdop connect password set --pin-file FILE")
    }
    return firstLine(line)
  }

  /// Asks twice, and shows nothing of what is typed.
  @Loop
  static func person() async throws(CmdopError) -> String {
    let terminal: OwnTerminal
    do { terminal = try OwnTerminal.open() } catch {
      throw CmdopError(
        .badUsage, "a PIN is typed at a terminal, and this is none",
        hint: "cmdop connect password set --pin-file FILE   # or, from standard input: -q")
    }
    defer {
      OwnTerminal.restore()
      terminal.close()
    }
    let first = try await ask("New PIN (4 to 64 characters): ", terminal)
    guard try await ask("Once more: ", terminal) == first else {
      throw CmdopError(
        .badUsage, "these were two different PINs; nothing has changed", hint: "cmdop connect password set")
    }
    return first
  }

  @Loop
  private static func ask(_ question: String, _ terminal: OwnTerminal) async throws(CmdopError) -> String {
    await terminal.write(question)
    var line = TypedLine()
    while let bytes = await terminal.read() {
      for byte in bytes.readableBytesView {
        guard let outcome = line.take(byte) else { continue }
        await terminal.write("\r\n")
        return try outcome.get()
      }
    }
    throw CmdopError(.cancelled, "the terminal is gone")
  }

  private static func firstLine(_ text: String) -> String { String(text.prefix { !$0.isNewline }) }
}

/// A line typed at a raw terminal that shows nothing: what the keys mean that a terminal usually minds itself.
struct TypedLine {
  private var bytes: [UInt8] = []
  /// What a PIN may have, and a paste that went wrong.
  private static let most = 1024

  /// Nil: the line goes on.
  mutating func take(_ byte: UInt8) -> Result<String, CmdopError>? {
    switch byte {
    case 0x0d, 0x0a: return .success(String(decoding: bytes, as: UTF8.self))
    case 0x03, 0x1c: return .failure(CmdopError(.cancelled, "cancelled"))  // Ctrl-C, Ctrl-\
    case 0x04: if bytes.isEmpty { return .failure(CmdopError(.cancelled, "cancelled")) }  // Ctrl-D
    case 0x15: bytes = []  // Ctrl-U
    case 0x7f, 0x08:
      // A character may have several bytes: those that only go on, and the one it began with.
      while let last = bytes.popLast(), last & 0xc0 == 0x80 {}
    default: if bytes.count < Self.most { bytes.append(byte) }
    }
    return nil
  }
}
