import Core
import Foundation
import Testing

/// A throwaway directory, gone when `body` returns. Short, so that a socket's name fits.
func withFolder<T>(
  isolation: isolated (any Actor)? = #isolation, _ body: (String) async throws -> T
) async throws -> T {
  let path = "/tmp/cmdop-host-\(newIdentifier().prefix(8))"
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try await body(path)
}

func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

func contents(_ path: String) -> [UInt8]? { FileManager.default.contents(atPath: path).map { Array($0) } }

/// The permission bits of a file, nil when there is none.
func mode(of path: String) -> Int? {
  ((try? FileManager.default.attributesOfItem(atPath: path))?[.posixPermissions] as? NSNumber)?.intValue
}

/// What `body` was refused with; nil when it was not, or when something else than one of our errors came.
func refusal<T>(
  isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> T
) async -> CmdopError? {
  do {
    _ = try await body()
    return nil
  } catch { return error as? CmdopError }
}

struct StillNotSo: Error, CustomStringConvertible { let description: String }

/// Waits until something is so. Looking again after a pause is the only way to wait for other processes. `what` may tell how
/// things stand: it is put together when the time is over.
func eventually(
  isolation: isolated (any Actor)? = #isolation, _ what: @autoclosure () -> String,
  within time: Duration = .seconds(20), _ condition: () async throws -> Bool
) async throws {
  let deadline = ContinuousClock.now + time
  while try await !condition() {
    guard ContinuousClock.now < deadline else { throw StillNotSo(description: "still not so: \(what())") }
    try await Task.sleep(for: .milliseconds(10))
  }
}
