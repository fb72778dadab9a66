import Core
import Host
import Synchronization

/// Which state of a file a conversation has seen, so that it does not write over what somebody else has changed since.
final class ReadBook: Sendable {
  /// More files, or conversations, than one works on at a time: the oldest are forgotten, and then nothing is noticed.
  private static let filesPerOwner = 256
  private static let owners = 256

  private struct Page {
    var files: [String: FileFacts] = [:]
    var order: [String] = []
  }
  private struct Book {
    var pages: [TaskTable.Owner: Page] = [:]
    var order: [TaskTable.Owner] = []
  }
  private let book = Mutex(Book())

  func note(_ path: CheckedPath, _ facts: FileFacts, by owner: TaskTable.Owner) {
    book.withLock { book in
      var page = book.pages[owner] ?? Page()
      if page.files.updateValue(facts, forKey: path.resolved) == nil { page.order.append(path.resolved) }
      if page.order.count > Self.filesPerOwner { page.files[page.order.removeFirst()] = nil }
      if book.pages.updateValue(page, forKey: owner) == nil { book.order.append(owner) }
      if book.order.count > Self.owners { book.pages[book.order.removeFirst()] = nil }
    }
  }

  /// What must be there when it is written.
  func expectation(_ path: CheckedPath, by owner: TaskTable.Owner) -> CheckedPath.Expectation {
    book.withLock { $0.pages[owner]?.files[path.resolved] }.map { .exactly($0) } ?? .anything
  }
}
