import CHost
import Core
import Foundation
import Synchronization
import Testing

@testable import Host

@Suite("A path is resolved once, and acted on where it was resolved")
struct CheckedPathTests {
  private func link(_ path: String, _ target: String) throws {
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
  }
  private func folder(_ path: String) throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  private func file(_ path: String, _ text: String = "old") throws {
    try Data(text.utf8).write(to: URL(filePath: path))
  }
  private func text(_ path: String) -> String? { contents(path).map { String(decoding: $0, as: UTF8.self) } }

  @Test("Home, dots, links, chains of links and what does not exist come out as the kernel would have it")
  func resolving() async throws {
    try await withFolder { root in
      try folder("\(root)/home/a/b")
      try folder("\(root)/other/deep")
      try file("\(root)/other/deep/f")
      try link("\(root)/home/link", "../other/deep")
      try link("\(root)/home/chain", "link/f")
      try link("\(root)/home/absolute", "\(root)/other")
      try link("\(root)/home/dangling", "../other/new/file")
      let cases: [(given: String, absolute: String, resolved: String, kind: FileKind?)] = [
        ("~", "home", "home", .directory), ("~/a/./b/", "home/a/b", "home/a/b", .directory),
        ("a//b", "home/a/b", "home/a/b", .directory),
        ("link/f", "home/link/f", "other/deep/f", .file), ("chain", "home/chain", "other/deep/f", .file),
        // As text it is home/f; the kernel goes up from where the link leads.
        ("link/../x", "home/x", "other/x", nil),
        ("absolute/deep/../deep/f", "home/absolute/deep/f", "other/deep/f", .file),
        ("dangling", "home/dangling", "other/new/file", nil), ("new/a/b", "home/new/a/b", "home/new/a/b", nil),
        ("new/../link/f", "home/link/f", "other/deep/f", .file),
        ("link/f/below", "home/link/f/below", "other/deep/f/below", nil),
        ("\(root)/home/../home/a", "home/a", "home/a", .directory),
      ]
      for example in cases {
        let path = try CheckedPath(example.given, in: "\(root)/home", home: "\(root)/home")
        #expect(path.absolute == "\(root)/\(example.absolute)", "\(example.given)")
        #expect(path.resolved == "\(root)/\(example.resolved)", "\(example.given)")
        #expect(path.kind == example.kind, "\(example.given)")
        #expect(path.given == example.given)
      }
      let top = try CheckedPath("/", in: root, home: root)
      #expect(top.resolved == "/" && top.kind == .directory && top.absolute == "/")
      #expect(try CheckedPath("/../..", in: root, home: root).resolved == "/")
    }
  }

  @Test("Circles of links, NUL, and endless paths are refused")
  func refused() async throws {
    try await withFolder { root in
      try link("\(root)/a", "b")
      try link("\(root)/b", "a")
      try link("\(root)/self", "self/x")
      for path in ["a", "self", "", "x\0y", String(repeating: "d/", count: 3000), String(repeating: "d/", count: 400)] {
        let error = await refusal { try CheckedPath(path, in: root, home: root) }
        #expect(error?.code == .badUsage, "\(path.prefix(20))")
      }
    }
  }

  @Test("A directory that is swapped for a link after the check: the act hits what was checked")
  func swappedDirectory() async throws {
    try await withFolder { root in
      try folder("\(root)/dir")
      try folder("\(root)/evil")
      try file("\(root)/dir/f", "mine")
      try file("\(root)/evil/f", "theirs")
      let path = try CheckedPath("dir/f", in: root, home: root)
      try FileManager.default.moveItem(atPath: "\(root)/dir", toPath: "\(root)/moved")
      try link("\(root)/dir", "evil")
      #expect(try path.openFile().read(at: 0, count: 10) == Array("mine".utf8))
      _ = try path.write(Array("new".utf8))
      #expect(text("\(root)/moved/f") == "new")
      #expect(text("\(root)/evil/f") == "theirs")
      let listed = try CheckedPath("moved", in: root, home: root)
      try FileManager.default.moveItem(atPath: "\(root)/moved", toPath: "\(root)/again")
      try link("\(root)/moved", "/etc")
      #expect(try listed.openDirectory().entries(most: 10).entries.map(\.name) == ["f"])
    }
  }

  @Test("A file that is swapped for a link after the check is neither read nor written")
  func swappedFile() async throws {
    try await withFolder { root in
      try file("\(root)/secret", "secret")
      try file("\(root)/f")
      let (path, absent) = (try CheckedPath("f", in: root, home: root), try CheckedPath("n", in: root, home: root))
      try FileManager.default.removeItem(atPath: "\(root)/f")
      try link("\(root)/f", "secret")
      try link("\(root)/n", "secret")
      for path in [path, absent] {
        let (read, written) = (await refusal { try path.openFile() }, await refusal { try path.write([1]) })
        #expect(read?.code == .wrongState && written?.code == .wrongState)
      }
      #expect(text("\(root)/secret") == "secret")
    }
  }

  @Test("Somebody who swaps directory and link all the time never gets the act to the other side")
  func racing() async throws {
    try await withFolder { root in
      try folder("\(root)/good")
      try folder("\(root)/evil")
      try file("\(root)/good/f", "good")
      try file("\(root)/evil/f", "evil")
      try link("\(root)/to-evil", "evil")
      try folder("\(root)/at")
      try file("\(root)/at/f", "good")
      // A thread of its own: one that never waits would take a place of the pool from all other tests.
      let (isOver, hasEnded) = (Flag(), Flag())
      Thread.detachNewThread {
        while !isOver.isSet {
          // The link takes the directory's place and gives it back.
          rename("\(root)/at", "\(root)/held")
          rename("\(root)/to-evil", "\(root)/at")
          rename("\(root)/at", "\(root)/to-evil")
          rename("\(root)/held", "\(root)/at")
        }
        hasEnded.set()
      }
      var (reads, refusals) = (0, 0)
      for round in 0..<1000 {
        if round % 50 == 0 { await Task.yield() }
        guard let path = try? CheckedPath("at/f", in: root, home: root),
          let bytes = try? path.openFile().read(at: 0, count: 4)
        else {
          refusals += 1
          continue
        }
        reads += 1
        // What was judged by its resolved name is what was read.
        #expect(bytes == Array((path.resolved == "\(root)/at/f" ? "good" : "evil").utf8))
      }
      isOver.set()
      try await eventually("the other one has ended") { hasEnded.isSet }
      #expect(reads > 100, "read \(reads), refused \(refusals)")
    }
  }

  @Test("Writing keeps mode and owner, leaves links and nothing else behind, and makes directories only when asked")
  func writing() async throws {
    try await withFolder { root in
      try file("\(root)/f")
      chmod("\(root)/f", 0o640)
      let path = try CheckedPath("f", in: root, home: root)
      let facts = try path.write(Array("new".utf8))
      #expect(mode(of: "\(root)/f") == 0o640 && text("\(root)/f") == "new" && facts.size == 3)
      let deep = try CheckedPath("a/b/c", in: root, home: root)
      #expect(await refusal { try deep.write([1]) }?.code == .notFound)
      _ = try deep.write([1], makesFolders: true)
      #expect(contents("\(root)/a/b/c") == [1])
      #expect(try FileManager.default.contentsOfDirectory(atPath: root).sorted() == ["a", "f"])
    }
  }

  @Test("What has changed since, is gone or has come is not written over")
  func expectations() async throws {
    try await withFolder { root in
      try file("\(root)/f")
      let path = try CheckedPath("f", in: root, home: root)
      let facts = try #require(try path.facts())
      // The same size and time, another content: the change time tells.
      try file("\(root)/f", "odd")
      var times = [
        timespec(tv_sec: Int(facts.modified / 1_000_000_000), tv_nsec: Int(facts.modified % 1_000_000_000)),
        timespec(tv_sec: Int(facts.modified / 1_000_000_000), tv_nsec: Int(facts.modified % 1_000_000_000)),
      ]
      utimensat(AT_FDCWD, "\(root)/f", &times, 0)
      #expect(
        await refusal { try path.write([1], expecting: .exactly(facts)) }?.message.contains("has changed") == true)
      try FileManager.default.removeItem(atPath: "\(root)/f")
      #expect(await refusal { try path.write([1], expecting: .exactly(facts)) }?.message.contains("is gone") == true)
      _ = try path.write([1], expecting: .nothing)
      #expect(await refusal { try path.write([2], expecting: .nothing) }?.code == .exists)
      #expect(contents("\(root)/f") == [1])
    }
  }

  @Test("A directory that is closed and a file that is read-only leave what was there, and no half file")
  func failures() async throws {
    try await withFolder { root in
      try file("\(root)/f")
      let path = try CheckedPath("f", in: root, home: root)
      // Root is stopped by no mode.
      if getuid() != 0 {
        chmod("\(root)/f", 0o400)
        #expect(await refusal { try path.write([1]) }?.code == .denied)
        chmod(root, 0o500)
        #expect(await refusal { try CheckedPath("new", in: root, home: root).write([1]) }?.code == .denied)
        chmod(root, 0o700)
      }
      #expect(text("\(root)/f") == "old")
      #expect(try FileManager.default.contentsOfDirectory(atPath: root) == ["f"])
    }
  }

  @Test("A disk that is full leaves what was there, and no half file")
  func fullDisk() async {
    // The limit holds for a whole process, so it is one of its own: what it cannot write is a file beyond 64 KiB.
    await #expect(processExitsWith: .success) {
      try await withFolder { root in
        try Data("old".utf8).write(to: URL(filePath: "\(root)/f"))
        signal(SIGXFSZ, SIG_IGN)
        var limit = rlimit(rlim_cur: 65_536, rlim_max: 65_536)
        setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
        let path = try CheckedPath("f", in: root, home: root)
        let failure = await refusal { try path.write([UInt8](repeating: 1, count: 100_000)) }
        try #require(failure?.message.hasPrefix("cannot write \(root)/f") == true)
        try #require(contents("\(root)/f") == Array("old".utf8))
        try #require(try FileManager.default.contentsOfDirectory(atPath: root) == ["f"])
      }
    }
  }
}

private final class Flag: Sendable {
  private let value = Atomic(false)
  var isSet: Bool { value.load(ordering: .acquiring) }
  func set() { value.store(true, ordering: .releasing) }
}
