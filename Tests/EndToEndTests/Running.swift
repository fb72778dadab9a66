import Foundation
import Testing

/// A process that was started, with its output collected beside it.
final class Running: Sendable {
  private let process: Locked<Foundation.Process>
  private let collected = Locked((out: Data(), err: Data(), open: 2))

  init(_ binary: String, _ words: [String], _ environment: [String: String], input: Data? = nil) throws {
    let process = Foundation.Process()
    process.executableURL = URL(filePath: binary)
    process.arguments = words
    process.environment = environment
    let (out, err, source) = (Pipe(), Pipe(), Pipe())
    process.standardOutput = out
    process.standardError = err
    if input == nil { process.standardInput = FileHandle.nullDevice } else { process.standardInput = source }
    try process.run()
    self.process = Locked(process)
    read(out.fileHandleForReading) { $0.out.append($1) }
    read(err.fileHandleForReading) { $0.err.append($1) }
    if let input {
      Thread.detachNewThread {
        try? source.fileHandleForWriting.write(contentsOf: input)
        try? source.fileHandleForWriting.close()
      }
    }
  }

  private func read(
    _ handle: FileHandle, _ take: @escaping @Sendable (inout (out: Data, err: Data, open: Int), Data) -> Void
  ) {
    let collected = collected
    Thread.detachNewThread {
      while let piece = try? handle.read(upToCount: 65_536), !piece.isEmpty { collected.change { take(&$0, piece) } }
      collected.change { $0.open -= 1 }
    }
  }

  var pid: Int32 { process.value.processIdentifier }
  var isRunning: Bool { process.value.isRunning }
  var outputSoFar: Data { collected.value.out }
  func signal(_ number: Int32) { kill(pid, number) }

  /// Waits for its end; ends it when that takes too long.
  func outcome(limit: Double = 60) async throws -> Street.Outcome {
    do {
      try await eventually("\(process.value.arguments?.prefix(3) ?? []) has ended", within: limit) {
        !process.value.isRunning && collected.value.open == 0
      }
    } catch {
      kill(pid, SIGKILL)
      throw error
    }
    let all = collected.value
    return Street.Outcome(
      status: process.value.terminationReason == .exit ? process.value.terminationStatus : 128 + process.value.terminationStatus,
      stdout: all.out, stderr: String(decoding: all.err, as: UTF8.self))
  }
}
