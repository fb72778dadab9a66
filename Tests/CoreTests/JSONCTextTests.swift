import Core
import Foundation
import Testing

@Suite("A JSON document is changed in its text")
struct JSONCTextTests {
  static let entry: JSON = ["command": "/usr/bin/cmdop", "args": ["mcp", "stdio"]]
  static let path = ["mcpServers", "cmdop"]

  static func added(_ text: String) throws -> String {
    let new = try JSONCText(Array(text.utf8)).setting(path, to: entry, order: ["command", "args"])
    return String(decoding: new.bytes, as: UTF8.self)
  }

  static func removed(_ text: String, _ path: [String] = path) throws -> String {
    String(decoding: try JSONCText(Array(text.utf8)).removing(path).bytes, as: UTF8.self)
  }

  @Test("A member is added in the form that the document has")
  func added() throws {
    let own = """
      {
          "theme": "dark", // mine
          "mcpServers": {
              "other": {
                  "command": "x"
              } // the last one
              /* nothing follows */
          },
          "zoom": 1.50
      }

      """
    let ours = """
      {
          "theme": "dark", // mine
          "mcpServers": {
              "other": {
                  "command": "x"
              }, // the last one
              /* nothing follows */
              "cmdop": {
                  "command": "/usr/bin/cmdop",
                  "args": ["mcp", "stdio"]
              }
          },
          "zoom": 1.50
      }

      """
    #expect(try Self.added(own) == ours)
    #expect(try Self.added(own.replacing("\n", with: "\r\n")) == ours.replacing("\n", with: "\r\n"))
    #expect(try Self.added(own.replacing("    ", with: "\t")) == ours.replacing("    ", with: "\t"))
    #expect(try Self.added(ours) == ours)
    #expect(try JSONCText(Array(try Self.removed(ours).utf8)).value == JSONCText(Array(own.utf8)).value)
  }

  @Test(
    "Odd forms",
    arguments: [
      ("", "{\n  \"mcpServers\": {\n    \"cmdop\": {\n      E\n    }\n  }\n}\n"),
      ("{}", "{\n  \"mcpServers\": {\n    \"cmdop\": {\n      E\n    }\n  }\n}"),
      ("// mine", "// mine\n{\n  \"mcpServers\": {\n    \"cmdop\": {\n      E\n    }\n  }\n}\n"),
      (#"{"a":1}"#, #"{"a":1, "mcpServers": {"cmdop": {E}}}"#),
      (#"{"mcpServers":{"a":[]}}"#, #"{"mcpServers":{"a":[], "cmdop": {E}}}"#),
      (#"{"mcpServers":{"a":[],},}"#, #"{"mcpServers":{"a":[], "cmdop": {E},},}"#),
      (
        "{\n\t\"mcpServers\": { /* none */ }\n}",
        "{\n\t\"mcpServers\": { /* none */\n\t\t\"cmdop\": {\n\t\t\tE\n\t\t}\n\t}\n}"
      ),
      ("{\n \"mcpServers\": {\n  \"a\": 1}}", "{\n \"mcpServers\": {\n  \"a\": 1,\n  \"cmdop\": {\n   E\n  }\n }}"),
      (
        "{\n  \"mcpServers\": {\n    \"cmdop\": 1, // x\n  }\n}",
        "{\n  \"mcpServers\": {\n    \"cmdop\": {\n      E\n    }, // x\n  }\n}"
      ),
    ])
  func odd(_ text: String, _ wanted: String) throws {
    let new = try Self.added(text)
    // E: the entry's members, on one line or on two.
    let both = [", ", ",\n"].map { "\"command\": \"/usr/bin/cmdop\"\($0)\"args\": [\"mcp\", \"stdio\"]" }
    let flat = both.reduce(new.replacing(/,\n\s*"args"/, with: ",\n\"args\"")) { $0.replacing($1, with: "E") }
    #expect(flat == wanted, "\(new)")
    #expect(try Self.added(new) == new)
  }

  @Test(
    "A member is taken out, and no comment with it",
    arguments: [
      ("{\"x\": 1}", "{}"), ("{ \"x\": 1 }", "{}"), ("{\n  \"x\": 1\n}\n", "{}\n"), ("{\"a\":2}", "{\"a\":2}"),
      ("{\"a\":2, \"x\": 1}", "{\"a\":2}"), ("{\"x\": 1, \"a\":2}", "{\"a\":2}"), ("{\"x\":1,\"a\":2}", "{\"a\":2}"),
      ("{\n  \"a\": 2, // two\n  \"x\": 1\n}", "{\n  \"a\": 2 // two\n}"),
      ("{\n  \"a\": 2, // two\n  \"x\": 1 // one\n}", "{\n  \"a\": 2 // two\n // one\n}"),
      ("{\n  \"x\": 1, // one\n  \"a\": 2\n}", "{\n  // one\n  \"a\": 2\n}"),
      ("{\n  // one\n  \"x\": 1\n}", "{\n  // one\n}"),
      ("{\n  \"a\": 2, // two\n  \"x\": 1, \"b\": 3\n}", "{\n  \"a\": 2, // two\n  \"b\": 3\n}"),
      ("{\n  \"a\": 2,\r\n  \"x\": [1,\n2] /* y */,\n  \"b\": 3,\n}", "{\n  \"a\": 2,\r\n   /* y */\n  \"b\": 3,\n}"),
    ])
  func removed(_ text: String, _ wanted: String) throws {
    #expect(try Self.removed(text, ["x"]) == wanted)
  }

  @Test(
    "What cannot be changed with care is not changed",
    arguments: [
      ("[]", "the document is no object (line 1, column 1)"),
      ("{\n \"mcpServers\": null}", "\"mcpServers\" is no object (line 2, column 16)"),
      ("{\"mcpServers\": {}, \"mcpServers\": {}}", "\"mcpServers\" stands there twice (line 1, column 20)"),
      ("{\"mcpServers\": {\"cmdop\":1,\n\"cmdop\":1}}", "\"cmdop\" stands there twice (line 2, column 1)"),
    ])
  func blocked(_ text: String, _ message: String) {
    #expect { try Self.added(text) } throws: { ($0 as? CmdopError)?.message == message }
  }

  @Test(
    "What is no JSON even with comments is refused, with line and column",
    arguments: [
      ("{", "it ends early", 1, 2), ("{\n  \"a\": 1\n  \"b\": 2\n}", "a comma is missing", 3, 3),
      ("{\n\"ä\": ü}", "an unexpected character", 2, 6), ("{\"a\": 'b'}", "an unexpected character", 1, 7),
      ("{} x", "something follows the end", 1, 4), ("/* x", "a comment does not end", 1, 1),
      ("{\"a\": \"b", "a text does not end", 1, 7), ("[1 2]", "a comma is missing", 1, 4),
      ("[,]", "an unexpected character", 1, 2),
      ("{,}", "a name is missing", 1, 2), ("{\"a\": 01}", "an unexpected character", 1, 7),
      ("{\"a\":1,,}", "a name is missing", 1, 8),
      ("{\"a\" 1}", "a colon is missing", 1, 6), ("<<<<<<< HEAD\n{}", "an unexpected character", 1, 1),
    ])
  func refused(_ text: String, _ what: String, _ line: Int, _ column: Int) {
    let message = "this is no JSON: \(what) (line \(line), column \(column))"
    #expect { try JSONCText(Array(text.utf8)) } throws: { ($0 as? CmdopError)?.message == message }
  }

  @Test("What goes beyond plain JSON is named")
  func beyond() throws {
    #expect(try JSONCText(Array("{\"a\": \"// no, /* no\", \"b\": [1, 2]}".utf8)).beyondJSON == nil)
    #expect(try JSONCText(Array("{\n  \"a\": 1,\n}".utf8)).beyondJSON == "a trailing comma (line 2, column 9)")
    #expect(try JSONCText(Array("[1,]".utf8)).beyondJSON == "a trailing comma (line 1, column 3)")
    #expect(try JSONCText(Array("{ // x\n}".utf8)).beyondJSON == "a comment (line 1, column 3)")
    #expect(try JSONCText([0xef, 0xbb, 0xbf] + Array("{}".utf8)).beyondJSON == "a byte order mark (line 1, column 1)")
  }

  @Test("Random documents stay as they are but for our entry", arguments: 0..<40)
  func random(_ seed: UInt64) throws {
    var writer = RandomJSONC(seed: seed)
    for _ in 0..<50 {
      let (text, value) = writer.document(root: Self.path[0])
      let document = try JSONCText(Array(text.utf8))
      #expect(document.value == value)
      let expected = Self.with(value, Self.entry)
      let new = try document.setting(Self.path, to: Self.entry)
      #expect(new.value == expected, "\(text)")
      #expect(Self.isWithin(document.bytes, new.bytes), "\(text)\n--\n\(String(decoding: new.bytes, as: UTF8.self))")
      #expect(try new.setting(Self.path, to: Self.entry) == new)
      if !writer.isLoose {
        // Two readers that are not this one.
        #expect(try JSON(parsing: new.bytes) == expected)
        #expect((try? JSONSerialization.jsonObject(with: Data(new.bytes))) != nil)
      }
      let back = try new.removing(Self.path)
      #expect(back.value == Self.with(expected, nil), "\(text)")
      for comment in writer.comments {
        #expect(String(decoding: back.bytes, as: UTF8.self).contains(comment), "\(text)")
      }
      let other = try back.setting(Self.path, to: "another").setting(Self.path, to: Self.entry)
      #expect(other.value == expected)
    }
  }

  @Test("Damaged documents are refused or changed as any other", arguments: 0..<20)
  func damaged(_ seed: UInt64) throws {
    var writer = RandomJSONC(seed: seed &+ 1000)
    for _ in 0..<50 {
      var bytes = Array(writer.document(root: Self.path[0]).text.utf8)
      for _ in 0..<writer.upTo(3) where !bytes.isEmpty {
        let at = writer.upTo(bytes.count)
        if writer.isLucky { bytes.remove(at: at) } else { bytes[at] = UInt8(writer.upTo(256)) }
      }
      guard let document = try? JSONCText(bytes), let new = try? document.setting(Self.path, to: Self.entry) else {
        continue
      }
      #expect(new.value == Self.with(document.value, Self.entry))
    }
  }

  private static func with(_ value: JSON, _ entry: JSON?) -> JSON {
    var members = value.object ?? [:]
    var servers = members[path[0]]?.object
    if entry != nil { servers = servers ?? [:] }
    servers?[path[1]] = entry
    members[path[0]] = servers.map { .object($0) }
    return .object(members)
  }

  /// Whether `small` is `large` with pieces left out. Blanks before a brace may have become the end of a line.
  private static func isWithin(_ small: [UInt8], _ large: [UInt8]) -> Bool {
    var rest = large[...]
    for byte in small where byte != 0x20 && byte != 0x09 {
      guard let place = rest.firstIndex(of: byte) else { return false }
      rest = rest[(place + 1)...]
    }
    return true
  }
}
