import Core
import FoundationEssentials
import Host
import Testing

@testable import Tools

@Suite("Files are read in parts and written whole")
struct FileTests {
  @Test("read_file returns lines as they are, and says how to go on")
  func lines() async throws {
    try await ToolBench.run { bench in
      try bench.write("f", (1...5000).map { "line \($0)\n" }.joined())
      let first = try await bench.call("read_file", ["path": "f"])
      #expect(first.value?["content"]?.string?.hasPrefix("line 1\nline 2\n") == true)
      #expect(first.value?["end"] == 2000 && first.value?["truncated"] == true)
      let part = try await bench.call("read_file", ["path": "f", "start": 4999, "end": 9999])
      #expect(part.value?["content"] == "line 4999\nline 5000\n")
      #expect(part.value?["total_lines"] == 5000 && part.value?["truncated"] == false)
      let next = try #require(first.value?["next_offset"])
      #expect(
        try await bench.call("read_file", ["path": "f", "offset": next]).value?["content"]?.string?.hasPrefix(
          "line 2001\n") == true)
      let beyond = try await bench.call("read_file", ["path": "f", "start": 5001])
      #expect(beyond.isError && beyond.text.contains("there are 5000"))
      #expect(try await bench.call("read_file", ["path": "f", "start": 5, "end": 4]).isError)
      #expect(try await bench.call("read_file", ["path": "f", "start": 5, "offset": 4]).isError)
      #expect(try await bench.call("read_file", ["path": "f", "offset": 1_000_000]).isError)
      for (text, total) in [("", 0), ("a", 1), ("a\n", 1), ("a\n\n", 2), ("\n", 1), ("a\r\nb", 2)] {
        try bench.write("g", text)
        let whole = try await bench.call("read_file", ["path": "g"])
        #expect(whole.value?["content"] == .string(text))
        #expect(whole.value?["total_lines"] == .integer(total), "\(text.debugDescription)")
        #expect(whole.value?["truncated"] == false)
      }
    }
  }

  @Test("A line longer than a page comes in pages, and no character is cut")
  func longLine() async throws {
    try await ToolBench.run { bench in
      let text = String(repeating: "€", count: 40_000)
      try bench.write("f", text)
      var (offset, whole) = (0, "")
      let first = try await bench.call("read_file", ["path": "f"])
      #expect(first.value?["invalid_utf8"] == nil && first.value?["truncated"] == true)
      repeat {
        let page = try await bench.call("read_file", ["path": "f", "offset": .integer(offset)])
        whole += page.value?["content"]?.string ?? ""
        offset = page.value?["next_offset"]?.integer ?? 0
      } while offset > 0
      #expect(whole == text)
    }
  }

  @Test("Files of /proc and /sys are read although they lie about their size")
  func unsized() async throws {
    try await ToolBench.run { bench in
      let status = try await bench.call("read_file", ["path": "/proc/self/status"])
      #expect(status.value?["content"]?.string?.hasPrefix("Name:") == true && status.value?["truncated"] == false)
      #expect(
        try await bench.call("read_file", ["path": "/proc/self/status", "start": 2, "end": 2]).text.contains("Umask:"))
      let page = try await bench.call("read_file", ["path": "/sys/kernel/mm/transparent_hugepage/enabled"])
      #expect(page.isError || (page.value?["truncated"] == false && page.value?["total_lines"] == 1))
    }
  }

  @Test("A sparse file of 10 GB is read by its ranges, and never as a whole")
  func huge() async {
    await #expect(processExitsWith: .success) {
      try await ToolBench.run { bench in
        _ = try await bench.call(
          "execute_command", ["command": "echo begin > big; truncate -s 10G big; echo end >> big; seq 1000000 > many"])
        _ = try await bench.call("read_file", ["path": "many"])
        let before = residentBytes()
        let binary = try await bench.call("read_file", ["path": "big"])
        try #require(binary.value?["binary"] == true && binary.text.contains("10737418244 bytes"))
        try #require(try await bench.call("grep", ["pattern": "end", "path": "big"]).text.contains("binary"))
        try #require(
          try await bench.call("edit_file", ["path": "big", "old": "end", "new": "x"]).text.contains("more than"))
        let late = try await bench.call("read_file", ["path": "many", "start": 999_999])
        try #require(late.value?["content"] == "999999\n1000000\n")
        try #require(residentBytes() - before < 8 << 20)
      }
    }
  }

  @Test(
    "What is no file is named for what it is, and nothing waits for it",
    arguments: [
      ("fifo", "FIFO"), ("dir", "directory"), ("sock", "socket"), ("/dev/zero", "character device"),
      ("/dev/tty", "character device"),
    ])
  func noFiles(_ example: (String, String)) async throws {
    try await ToolBench.run { bench in
      _ = try await bench.call(
        "execute_command",
        ["command": "mkfifo fifo; mkdir dir; python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"sock\")'"])
      let path = JSON.string(example.0)
      for outcome in [
        try await bench.call("read_file", ["path": path]),
        try await bench.call("write_file", ["path": path, "content": "x"]),
        try await bench.call("edit_file", ["path": path, "old": "a", "new": "b"]),
      ] {
        #expect(outcome.isError && outcome.text.contains("is a \(example.1), not a file"), "\(outcome.text)")
      }
      if example.0 != "dir" {
        #expect(try await bench.call("list_dir", ["path": path]).text.contains("is a \(example.1), not a directory"))
        #expect(try await bench.call("grep", ["pattern": "x", "path": path]).isError)
      }
    }
  }

  @Test("Paths that are none are refused with the reason")
  func badPaths() async throws {
    try await ToolBench.run { bench in
      for (path, reason) in [
        ("", "empty"), ("a\u{0}b", "NUL"), (String(repeating: "x/", count: 3000), "longer than 4096"),
        (String(repeating: "x/", count: 300), "directories deep"), ("gone", "there is no file"),
        ("gone/too", "there is no file"),
      ] {
        do {
          let outcome = try await bench.call("read_file", ["path": .string(path)])
          #expect(outcome.isError && outcome.text.contains(reason), "\(path.prefix(20)): \(outcome.text)")
        } catch let error as CmdopError {
          #expect(error.code == .badUsage && error.message.contains(reason), "\(path.prefix(20)): \(error.message)")
        }
      }
    }
  }

  @Test("write_file makes a file, replaces one and keeps its mode; nothing else stays behind")
  func write() async throws {
    try await ToolBench.run { bench in
      let made = try await bench.call("write_file", ["path": "new", "content": "a\n"])
      #expect(made.value == ["bytes_written": 2, "created": true])
      _ = try await bench.call(
        "execute_command", ["command": "printf x > script; chmod 750 script; printf y > target; ln -s target link"])
      let replaced = try await bench.call("write_file", ["path": "script", "content": "#!/bin/sh\n"])
      #expect(replaced.value?["created"] == false)
      // Through a link the file that it names is written, and the link stays.
      #expect(!(try await bench.call("write_file", ["path": "link", "content": "z"]).isError))
      let facts = try await bench.call(
        "execute_command", ["command": "stat -c '%a %n' script; cat target; readlink link; ls -A | wc -l"])
      #expect(facts.value?["output"] == "750 script\nztarget\n4\n")
      let nowhere = try await bench.call("write_file", ["path": "a/b/c", "content": "x"])
      #expect(nowhere.isError && nowhere.text.contains("create_directories"))
      #expect(
        !(try await bench.call("write_file", ["path": "a/b/c", "content": "x", "create_directories": true]).isError))
      #expect(try bench.read("a/b/c") == "x")
      let through = try await bench.call(
        "write_file", ["path": "new/below", "content": "x", "create_directories": true])
      #expect(through.isError && through.text.contains("no directory"))
    }
  }

  @Test("edit_file replaces exactly what was named, and shows what that changed")
  func edit() async throws {
    try await ToolBench.run { bench in
      try bench.write("f", (1...20).map { "line \($0)\n" }.joined())
      let outcome = try await bench.call("edit_file", ["path": "f", "old": "line 7\nline 8\n", "new": "seven\n"])
      #expect(outcome.value?["replacements"] == 1)
      #expect(
        outcome.value?["diff"]?.string?.split(separator: "\n").dropFirst(2).joined(separator: "\n")
          == "@@ -4,8 +4,7 @@\n line 4\n line 5\n line 6\n-line 7\n-line 8\n+seven\n line 9\n line 10\n line 11")
      #expect(try bench.read("f").contains("line 6\nseven\nline 9\n"))
      let many = try await bench.call("edit_file", ["path": "f", "old": "line", "new": "row"])
      #expect(
        many.isError && many.text.contains("occurs 18 times") && many.text.contains("lines 1, 2, 3")
          && many.text.contains("replace_all"))
      let all = try await bench.call("edit_file", ["path": "f", "old": "line", "new": "row", "replace_all": true])
      #expect(all.value?["replacements"] == 18)
      let none = try await bench.call("edit_file", ["path": "f", "old": "row  9\nrow 10", "new": "x"])
      #expect(none.isError && none.text.contains("does not occur") && none.text.contains("line 8 is the nearest"))
      #expect(try await bench.call("edit_file", ["path": "f", "old": "x", "new": "x"]).isError)
      try bench.write("dos", "a\r\nb\r\n")
      #expect(try await bench.call("edit_file", ["path": "dos", "old": "a\nb", "new": "c"]).text.contains(#"\r\n"#))
    }
  }

  @Test("The diff is what patch would need: applied to the old file it makes the new one")
  func diffApplies() async throws {
    try await ToolBench.run { bench in
      var dice = Dice(seed: 11)
      for round in 0..<25 {
        let lines = (0..<(5 + dice.next(60))).map { _ in ["a", "b", "x", "", "longer"][dice.next(5)] }
        let text = lines.joined(separator: "\n") + "\n"
        try bench.write("old", text)
        try bench.write("f", text)
        let (old, new) = (
          ["x", "x\n", "b\na", "\n\n", "r"][dice.next(5)], ["", "y", "y\nz", "q\n", "\n"][dice.next(5)]
        )
        let outcome = try await bench.call(
          "edit_file", ["path": "f", "old": .string(old), "new": .string(new), "replace_all": true], in: "\(round)")
        guard let diff = outcome.value?["diff"]?.string else { continue }
        let result = try bench.read("f")
        guard result.hasSuffix("\n") else { continue }
        try bench.write("diff", diff)
        let patched = try await bench.call(
          "execute_command", ["command": "patch -s -o - old diff | cmp - f && echo same"])
        #expect(
          patched.value?["output"] == "same\n", "\(old.debugDescription) -> \(new.debugDescription)\n\(patched.text)")
      }
    }
  }

  @Test("What somebody else has changed since it was read is not written over")
  func conflicts() async throws {
    try await ToolBench.run { bench in
      try bench.write("f", "one\n")
      _ = try await bench.call("read_file", ["path": "f"])
      try bench.write("f", "two\n")
      let edit = try await bench.call("edit_file", ["path": "f", "old": "two", "new": "three"])
      #expect(edit.isError && edit.text.contains("changed since you read it"))
      let write = try await bench.call("write_file", ["path": "f", "content": "three"])
      #expect(write.isError && write.text.contains("changed since it was read"))
      #expect(try bench.read("f") == "two\n")
      // Another conversation has read nothing, and the same one may go on after it has read again.
      #expect(!(try await bench.call("edit_file", ["path": "f", "old": "two", "new": "2"], in: "other").isError))
      _ = try await bench.call("read_file", ["path": "f"])
      #expect(!(try await bench.call("edit_file", ["path": "f", "old": "2", "new": "3"]).isError))
      #expect(!(try await bench.call("edit_file", ["path": "f", "old": "3", "new": "4"]).isError))
      #expect(try bench.read("f") == "4\n")
    }
  }

  @Test("list_dir tells name, kind and size, where links lead, and bounds itself")
  func list() async throws {
    try await ToolBench.run { bench in
      _ = try await bench.call("execute_command", ["command": "mkdir d .h; printf abc > f; ln -s /nowhere l; mkfifo p"])
      let outcome = try await bench.call("list_dir", [:])
      #expect(outcome.text == "\(bench.work): 5 entries\n.h/\nd/\nf  3\nl -> /nowhere\np  (FIFO)")
      _ = try await bench.call("execute_command", ["command": "cd d && seq 1500 | xargs touch"])
      let many = try await bench.call("list_dir", ["path": "d"])
      #expect(
        many.value?["truncated"] == true && many.value?["entries"]?.array?.count == 1000 && many.value?["count"] == 1500
      )
      #expect(try await bench.call("list_dir", ["path": "f"]).isError)
    }
  }
}
