import Core
import Testing

@Suite("Which session is meant")
struct SessionWordsTests {
  private typealias Entry = (id: SessionID, name: String)
  private let all: [Entry] = [
    (SessionID("c402da60-0000-4000-8000-000000000001"), "c408"),
    (SessionID("4ecf2486-0000-4000-8000-000000000002"), "c402"),
    (SessionID("4ecf9999-0000-4000-8000-000000000003"), "build"),
  ]

  private func meant(_ words: String) -> [String] {
    sessions(meantBy: words, among: all, id: \.id, name: \.name).map(\.name)
  }

  @Test("A name comes before an id that begins like it")
  func nameFirst() { #expect(meant("c402") == ["c402"]) }

  @Test("Four characters of an id are enough where no session has that name; fewer are not")
  func beginnings() {
    #expect(meant("C402DA") == ["c408"])
    #expect(meant("4ecf") == ["c402", "build"])
    #expect(meant("4ec") == [])
    #expect(meant("never") == [])
  }

  @Test("A whole id is that session and no other")
  func wholeID() {
    #expect(meant("4ECF9999-0000-4000-8000-000000000003") == ["build"])
    #expect(meant("4ecf9999-0000-4000-8000-000000000004") == [])
  }
}
