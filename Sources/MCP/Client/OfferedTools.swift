import Core

/// What a server offers, and what of it is left out.
struct OfferedTools: Sendable {
  var tools: [OfferedTool] = []
  var leftOut: [LeftOut] = []
  /// How long the list is good, as the server says.
  var lifetime: Duration?

  static let mostPages = 100
  /// Of all pages, in bytes: a list that may be offered has 1 MiB, and what stands around it.
  static let mostRead = 32 << 20

  /// All pages of it. What is not known is let go with each page.
  static func read(_ session: ServerSession, _ server: ServerSettings) async throws(LinkFault) -> OfferedTools {
    guard session.greeting?.hasTools != false else { return OfferedTools() }
    var (pages, cursor, seen) = (ToolPages(server), String?.none, Set<String>())
    for page in 1...mostPages {
      cursor = try await pages.readOne(session, after: cursor)
      guard let next = cursor else { break }
      if !seen.insert(next).inserted {
        pages.stop("its pages go in a circle: \(pages.listed) tools were read")
        break
      }
      if page == mostPages { pages.stop("it has more than \(mostPages) pages of tools") }
    }
    return pages.offered()
  }
}

/// What is kept of a list while its pages are read.
private struct ToolPages {
  private let server: ServerSettings
  private var kept: [String: ListedTool] = [:]
  private var leftOut: [LeftOut] = []
  private var lifetime: Duration?
  private var names: Set<String> = []
  /// Bytes of what is kept, and of all that was read.
  private var (size, bytesRead) = (0, 0)
  /// The first name, by the alphabet, for which there was no room: those after it have none either, whatever came first.
  private var firstWithoutRoom: String?
  /// Tools that stood in the list so far.
  private(set) var listed = 0

  private static let most = 500
  /// Definitions of one server, in bytes: all of them go to the model with each question.
  private static let mostBytes = 1 << 20
  private static let mostLeftOut = 50

  init(_ server: ServerSettings) { self.server = server }

  /// Returns where the next page begins; nil: there is none that is wanted.
  mutating func readOne(_ session: ServerSession, after cursor: String?) async throws(LinkFault) -> String? {
    let (page, size) = try await session.measured("tools/list", cursor.map { ["cursor": .string($0)] } ?? [:])
    guard let tools = page["tools"]?.array else {
      throw LinkFault(CmdopError(.unsupported, "its list of tools is no list"), wasTaken: true, isLost: false)
    }
    if let ttl = page["ttlMs"]?.integer, ttl >= 0 { lifetime = .milliseconds(min(ttl, 86_400_000)) }
    for tool in tools {
      guard listed < Self.most else {
        stop("more than \(Self.most) tools of one server are not read")
        return nil
      }
      listed += 1
      take(tool)
    }
    bytesRead += size
    let next = page["nextCursor"]?.string
    if next != nil, bytesRead > OfferedTools.mostRead {
      stop("its list has more than \(OfferedTools.mostRead >> 20) MiB: \(listed) tools were read")
      return nil
    }
    return next
  }

  private mutating func take(_ json: JSON) {
    let name = json["name"]?.string ?? ""
    do throws(Unusable) {
      // A longer one is refused below, and not kept.
      guard name.isEmpty || name.utf8.count > ListedTool.longestName || names.insert(name).inserted else {
        throw Unusable("it is in the list twice")
      }
      if let first = firstWithoutRoom, name >= first { throw Self.noRoom }
      let tool = try ListedTool(json, server: server)
      kept[name] = tool
      size += tool.size
      makeRoom()
    } catch { leaveOut(name, error.reason) }
  }

  private static var noRoom: Unusable { Unusable("the definitions of one server may have 1 MiB together") }

  /// The last by name go, so that what is offered does not depend on the order in which a server lists it today.
  private mutating func makeRoom() {
    while size > Self.mostBytes, let last = kept.keys.max(), let tool = kept.removeValue(forKey: last) {
      size -= tool.size
      firstWithoutRoom = last
      leaveOut(last, Self.noRoom.reason)
    }
  }

  /// Nothing more is read. Stands before what is said of single tools.
  mutating func stop(_ reason: String) {
    leftOut = [LeftOut("", reason)] + leftOut.prefix(Self.mostLeftOut - 1)
  }

  private mutating func leaveOut(_ name: String, _ reason: String) {
    if leftOut.count < Self.mostLeftOut { leftOut.append(LeftOut(OneLine.of(name.cut(100)), reason)) }
  }

  /// By name, for the same reason.
  consuming func offered() -> OfferedTools {
    var (tools, taken) = ([OfferedTool](), Set<String>())
    for (name, listed) in kept.sorted(by: { $0.key < $1.key }) {
      do throws(Unusable) { tools.append(try OfferedTool(listed, server: server, taken: &taken)) } catch {
        leaveOut(name, error.reason)
      }
    }
    return OfferedTools(tools: tools, leftOut: leftOut, lifetime: lifetime)
  }
}

/// A tool that is not offered to our agent; without a name: something about the list as a whole.
public struct LeftOut: Hashable, Sendable {
  public let name: String
  public let reason: String
  init(_ name: String, _ reason: String) { (self.name, self.reason) = (name, reason) }
}
