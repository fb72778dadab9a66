import Connect
import Core
import NIOCore
import Testing

@Suite("Unconfirmed input: what was typed and may have to be sent again")
struct UnconfirmedInputTests {
  @Test("What is confirmed is forgotten, the rest is sent again from its position")
  func confirm() {
    var input = UnconfirmedInput()
    let took = input.append(Array("hello world".utf8))
    #expect(took)
    input.confirm(6)
    #expect(input.start == 6)
    #expect(input.end == 11)
    #expect(String(buffer: input.unsent) == "world")
    input.confirm(3)  // late news changes nothing
    #expect(input.start == 6)
    input.confirm(11)
    #expect(input.unsent.readableBytes == 0)
    #expect(input.start == 11)
  }

  @Test("A position beyond what was typed, however large, confirms no more than was typed")
  func beyond() {
    var input = UnconfirmedInput()
    let took = input.append([1, 2, 3])
    #expect(took)
    input.confirm(.max)
    #expect(input.start == 3)
    #expect(input.end == 3)
  }

  @Test("64 KiB are kept; what does not fit is refused whole, and fits again after a confirmation")
  func bound() {
    var input = UnconfirmedInput()
    let nearlyAll = input.append([UInt8](repeating: 1, count: Limits.unconfirmedInput - 1))
    #expect(nearlyAll)
    #expect(input.room == 1)
    let tooMuch = input.append([2, 2])
    #expect(!tooMuch)
    #expect(input.end == UInt64(Limits.unconfirmedInput - 1))
    input.confirm(1)
    let fitting = input.append([2, 2])
    #expect(fitting)
    #expect(input.room == 0)
  }
}
