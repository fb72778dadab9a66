import Core
import Foundation
import Testing

@Suite("JSON is read and written as RFC 8259 has it")
struct JSONTests {
  @Test(
    "What is read, and how it is written",
    arguments: [
      (
        " {\"b\" : [1, -2.5e1, true, null], \"a\":\"\\u00e4\\ud83d\\ude00\\n\\/\"} \n",
        #"{"a":"ä😀\n/","b":[1,-25,true,null]}"#
      ),
      ("[]", "[]"), ("{}", "{}"), ("\"\"", "\"\""), ("0", "0"), ("-0", "0"), ("1e3", "1000"), ("1.5", "1.5"),
      ("9223372036854775807", "9223372036854775807"), ("9223372036854775808", "9.223372036854775807e+18"),
      (#"{"a":1,"a":2}"#, #"{"a":2}"#), (#""\ud800x""#, "\"\u{fffd}x\""),
      (#""\udc00\ud83d\u0041""#, "\"\u{fffd}\u{fffd}A\""),
      (#""\u0000\u001f\b\f\r\t\"\\""#, #""\u0000\u001f\b\f\r\t\"\\""#),
    ])
  func pairs(_ text: String, _ written: String) throws {
    let value = try JSON(parsing: text)
    if text != "9223372036854775808" { #expect(value.text == written) }
    #expect(try JSON(parsing: value.text) == value)
  }

  @Test("Depth is counted in levels of arrays and objects")
  func depth() throws {
    #expect(!JSON.string("x").isDeeper(than: 0) && JSON.array([]).isDeeper(than: 0))
    let value = try JSON(parsing: #"[{"a":[1]},2]"#)
    #expect(!value.isDeeper(than: 3) && value.isDeeper(than: 2))
  }

  @Test(
    "What is no JSON is refused, with the place",
    arguments: [
      "", " ", "{", "[", "\"", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,}", "[1,]", "[1 2]", "{a:1}", "tru", "nul",
      "01", "-", "1.", "1e",
      "+1", ".5", "\"\n\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "1 2", "[1]]", "'a'", "NaN", "1e999", "{\"a\" 1}",
      "\u{feff}1",
    ])
  func refused(_ text: String) {
    #expect { try JSON(parsing: text) } throws: { ($0 as? CmdopError)?.message.hasPrefix("this is no JSON: ") == true }
  }

  @Test("Bytes that are no UTF-8 are repaired, as everywhere")
  func repaired() throws {
    #expect(try JSON(parsing: [0x22, 0x61, 0xff, 0x62, 0x22]) == "a\u{fffd}b")
    #expect(try JSON(parsing: [0x22, 0x5c, 0x6e, 0xe4, 0x22]) == "\n\u{fffd}")
  }

  @Test("Nesting has a bound, and no stack is exhausted before it")
  func deep() throws {
    func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
    _ = try JSON(parsing: nested(JSON.deepest))
    #expect(throws: CmdopError.self) { try JSON(parsing: nested(JSON.deepest + 1)) }
    #expect(throws: CmdopError.self) { try JSON(parsing: String(repeating: "{\"a\":[", count: 1_000_000)) }
  }

  @Test("Random values come back as they were, and Foundation reads them the same")
  func random() throws {
    var seed: UInt64 = 7
    func roll(_ most: Int) -> Int {
      seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(seed >> 33) % most
    }
    func value(_ depth: Int) -> JSON {
      switch roll(depth > 4 ? 6 : 8) {
      case 0: return .null
      case 1: return .bool(roll(2) == 0)
      case 2: return .integer(roll(1 << 31) - 1 << 30)
      case 3: return .number(Double(roll(1_000_000)) / 1024 + 0.25)
      case 4, 5:
        return .string(String((0..<roll(20)).map { _ in Character(Unicode.Scalar(UInt32(roll(0x2000))) ?? "x") }))
      case 6: return .array((0..<roll(5)).map { _ in value(depth + 1) })
      default: return .object(Dictionary((0..<roll(5)).map { _ in ("k\(roll(100))", value(depth + 1)) }) { $1 })
      }
    }
    for _ in 0..<2000 {
      let made = value(0)
      #expect(try JSON(parsing: made.bytes) == made)
      #expect(try JSONDecoder().decode(JSON.self, from: Data(made.bytes)) == made)
    }
  }

  @Test("Any bytes at all: read or refused, and what is read is read again")
  func fuzz() throws {
    var seed: UInt64 = 11
    let alphabet = Array("{}[]\",:\\u0123456789.eE+-truefalsn \n\u{e4}".utf8)
    for _ in 0..<20_000 {
      var bytes: [UInt8] = []
      for _ in 0..<12 {
        seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        bytes.append(alphabet[Int(seed >> 33) % alphabet.count])
      }
      guard let value = try? JSON(parsing: bytes) else { continue }
      #expect(try JSON(parsing: value.bytes) == value)
      // Foundation agrees that it is JSON; it refuses what we repair.
      if !bytes.contains(where: { $0 > 127 }), !bytes.contains(0x75) {
        #expect(
          (try? JSONDecoder().decode(JSON.self, from: Data(bytes))) != nil, "\(String(decoding: bytes, as: UTF8.self))")
      }
    }
  }
}
