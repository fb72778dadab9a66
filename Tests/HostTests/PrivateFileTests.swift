import Core
import Foundation
import Host
import Testing

@Suite("Files that only their owner may see", .timeLimit(.minutes(1)))
struct PrivateFileTests {
  @Test("What is written is read back, 0600, in place of what was there, and nothing else is left in the directory")
  func roundTrip() async throws {
    try await withFolder { folder in
      let path = folder + "/secret"
      for bytes in [Array("first".utf8), [], [UInt8](repeating: 0xff, count: 100_000)] {
        try PrivateFiles.write(bytes, to: path)
        #expect(try PrivateFiles.read(path, limit: 100_000) == bytes)
        #expect(mode(of: path) == 0o600)
        #expect(PrivateFiles.size(path) == bytes.count)
        #expect(PrivateFiles.names(in: folder) == ["secret"])
      }
    }
  }

  @Test("A file that was open to others is closed to them when it is written")
  func closesUp() async throws {
    try await withFolder { folder in
      let path = folder + "/secret"
      _ = FileManager.default.createFile(
        atPath: path, contents: Data("old".utf8), attributes: [.posixPermissions: 0o666])
      try PrivateFiles.write(Array("new".utf8), to: path)
      #expect(mode(of: path) == 0o600)
    }
  }

  @Test("Who reads while it is written sees the old file or the new one, never half of one")
  func atomic() async throws {
    try await withFolder { folder in
      let path = folder + "/busy"
      let versions = (0..<4).map { [UInt8](repeating: UInt8($0), count: 50_000 + $0) }
      try PrivateFiles.write(versions[0], to: path)
      try await withThrowingTaskGroup { group in
        for writer in 0..<2 {
          group.addTask {
            for round in 0..<60 { try PrivateFiles.write(versions[(round + writer) % 4], to: path, isSynced: false) }
          }
        }
        group.addTask {
          for _ in 0..<200 {
            let seen = try PrivateFiles.read(path, limit: 60_000)
            #expect(seen.map { versions.contains($0) } == true)
          }
        }
        try await group.waitForAll()
      }
      #expect(PrivateFiles.names(in: folder) == ["busy"])
    }
  }

  @Test("A write that cannot be done says why, leaves what was there, and no half file")
  func cannotWrite() async throws {
    try await withFolder { folder in
      let missing = await refusal { try PrivateFiles.write([1], to: folder + "/no/file") }
      #expect(missing?.code == .notFound && missing?.message.contains(folder + "/no/file") == true)
      try FileManager.default.createDirectory(atPath: folder + "/taken/full", withIntermediateDirectories: true)
      #expect(await refusal { try PrivateFiles.write([1], to: folder + "/taken") } != nil)
      #expect(PrivateFiles.names(in: folder) == ["taken"])
      #expect(exists(folder + "/taken/full"))
    }
  }

  @Test("A file that is not there is nil; one that is too large is a limit that names both sizes")
  func reading() async throws {
    try await withFolder { folder in
      #expect(try PrivateFiles.read(folder + "/none", limit: 10) == nil)
      try PrivateFiles.write(Array("0123456789".utf8), to: folder + "/ten")
      #expect(try PrivateFiles.read(folder + "/ten/below", limit: 10) == nil)
      #expect(try PrivateFiles.read(folder + "/ten", from: 7, limit: 3) == Array("789".utf8))
      #expect(try PrivateFiles.read(folder + "/ten", from: 70, limit: 3) == [])
      let error = await refusal { try PrivateFiles.read(folder + "/ten", limit: 9) }
      #expect(error?.code == .limit && error?.message.contains("9") == true)
      #expect(await refusal { try PrivateFiles.read(folder, limit: 9) }?.message.contains(folder) == true)
      #expect(PrivateFiles.size(folder + "/none") == nil)
      #expect(PrivateFiles.names(in: folder + "/none") == [])
    }
  }

  @Test(
    "A directory is made with its parents, 0700; one that is open to others is closed to them, or refused if it is in use"
  )
  func directories() async throws {
    try await withFolder { folder in
      try PrivateFiles.ensureDirectory(folder + "/a/b/c")
      for path in ["/a", "/a/b", "/a/b/c"] { #expect(mode(of: folder + path) == 0o700, "\(path)") }
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder + "/a/b/c")
      try PrivateFiles.ensureDirectory(folder + "/a/b/c")
      #expect(mode(of: folder + "/a/b/c") == 0o700)
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder + "/a/b")
      let refusal = #expect(throws: CmdopError.self) { try PrivateFiles.ensureDirectory(folder + "/a/b") }
      #expect(refusal?.code == .denied)
      #expect(mode(of: folder + "/a/b") == 0o755)
      try PrivateFiles.ensureDirectory(folder + "/slash/")
      #expect(mode(of: folder + "/slash") == 0o700)
    }
  }

  @Test("Twenty tasks that make the same directory at once all succeed")
  func directoryRace() async throws {
    try await withFolder { folder in
      try await withThrowingTaskGroup { group in
        for _ in 0..<20 { group.addTask { try PrivateFiles.ensureDirectory(folder + "/x/y/z") } }
        try await group.waitForAll()
      }
      #expect(mode(of: folder + "/x/y/z") == 0o700)
    }
  }

  @Test("A directory of somebody else is denied and stays as it is; a file in its place is named")
  func foreign() async throws {
    try await withFolder { folder in
      var path = "/usr"
      if Processes.ownUser == 0 {
        path = folder + "/theirs"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try FileManager.default.setAttributes([.posixPermissions: 0o755, .ownerAccountID: 12345], ofItemAtPath: path)
      }
      let before = mode(of: path)
      let error = await refusal { try PrivateFiles.ensureDirectory(path) }
      #expect(error?.code == .denied && error?.message.contains(path) == true && error?.hint != nil)
      #expect(mode(of: path) == before)
      try PrivateFiles.write([], to: folder + "/file")
      #expect(await refusal { try PrivateFiles.ensureDirectory(folder + "/file") }?.code == .exists)
      #expect(await refusal { try PrivateFiles.ensureDirectory(folder + "/file/below") } != nil)
    }
  }
}
