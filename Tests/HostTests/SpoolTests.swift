import Core
import Foundation
import Testing

@testable import Host

@Suite("Kept output has a bound, and an owner")
struct SpoolTests {
  private func fill(_ file: SpoolFile, _ count: Int, _ byte: UInt8 = 0x61) {
    [UInt8](repeating: byte, count: count).withUnsafeBytes { file.append($0) }
  }

  @Test("What is kept is read by its owner only, also after a restart; nobody else may look into the files")
  func owners() async throws {
    try await withFolder { root in
      let folder = try SpoolFolder("\(root)/spool")
      let file = try folder.make(owner: "conversation one")
      fill(file, 1000)
      // It can be paged through while it grows.
      #expect(try folder.open(file.id, owner: "conversation one")?.read(at: 990, count: 100).count == 10)
      file.finish()
      #expect(folder.open(file.id, owner: "conversation two") == nil)
      #expect(try SpoolFolder("\(root)/spool").open(file.id, owner: "conversation one")?.facts.size == 1000)
      let names = try FileManager.default.contentsOfDirectory(atPath: "\(root)/spool")
      #expect(names.count == 1 && mode(of: "\(root)/spool/\(names[0])") == 0o600 && mode(of: "\(root)/spool") == 0o700)
    }
  }

  @Test("Beyond the bound of all the oldest go; one that is written to does not")
  func bound() async throws {
    try await withFolder { root in
      let folder = try SpoolFolder("\(root)/spool", inAll: 10_000)
      let open = try folder.make(owner: "a")
      fill(open, 2000)
      var ids: [String] = []
      for _ in 0..<6 {
        let file = try folder.make(owner: "a")
        fill(file, 2500)
        file.finish()
        ids.append(file.id)
      }
      #expect(ids.map { folder.open($0, owner: "a") != nil } == [false, false, false, true, true, true])
      #expect(folder.open(open.id, owner: "a")?.facts.size == 2000)
      // What alone is larger than all may be is cut, without holes.
      fill(open, 9000)
      fill(open, 10)
      #expect(open.kept == 2000 && folder.open(open.id, owner: "a")?.facts.size == 2000)
      // A restart knows what is there.
      let again = try SpoolFolder("\(root)/spool", inAll: 10_000)
      let file = try again.make(owner: "a")
      fill(file, 2500)
      let left = PrivateFiles.names(in: "\(root)/spool").compactMap { PrivateFiles.size("\(root)/spool/\($0)") }.reduce(
        0, +)
      #expect(left <= 10_000 && file.kept == 2500)
    }
  }

  @Test("A disk that is full cuts what is kept, and nothing else happens")
  func fullDisk() async {
    await #expect(processExitsWith: .success) {
      try await withFolder { root in
        signal(SIGXFSZ, SIG_IGN)
        var limit = rlimit(rlim_cur: 4096, rlim_max: 4096)
        setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
        let folder = try SpoolFolder("\(root)/spool")
        let file = try folder.make(owner: "a")
        [UInt8](repeating: 1, count: 10_000).withUnsafeBytes { file.append($0) }
        [UInt8](repeating: 1, count: 10).withUnsafeBytes { file.append($0) }
        file.finish()
        try #require(file.kept == 4096)
        try #require(folder.open(file.id, owner: "a")?.facts.size == 4096)
      }
    }
  }
}
