import Core
import Host
import Synchronization

/// What a command prints, as it comes: its beginning and its end for the model, the whole of it in a spool, a preview for who
/// watches. Memory does not grow with the output.
final class OutputKeeper: Sendable {
  /// What the model gets of the beginning, and again of the end.
  static let part = 16 * 1024
  /// Pieces that are shown while it runs, and how many in a second: nobody reads faster.
  private static let preview = 8 * 1024
  private static let perSecond = 20.0

  private let spools: SpoolFolder
  private let owner: String
  private let progress: @Sendable (ToolProgress) -> Void
  private let state: Mutex<State>

  private struct State {
    /// Bytes as they were printed.
    var bytes = 0
    var lineFeeds = 0
    /// The first of them: twice a part, so that what is not longer is whole.
    var early: [UInt8] = []
    /// The last of them.
    var late: [UInt8] = []
    var spool: SpoolFile?
    var hasTriedSpool = false
    var stripper = ControlStripper()
    /// Pieces that may be shown at once; grows again with time, so that a lone line is shown at once and a flood is not.
    var showable = OutputKeeper.perSecond
    var counted = ContinuousClock.now
    var unshown: [UInt8] = []
    var skipped = 0
  }

  /// `isEager`: a spool from the first byte on, for output that is paged through while it comes.
  init(
    spools: SpoolFolder, owner: String, isEager: Bool, progress: @escaping @Sendable (ToolProgress) -> Void
  ) throws(CmdopError) {
    (self.spools, self.owner, self.progress) = (spools, owner, progress)
    state = Mutex(State(spool: isEager ? try spools.make(owner: owner) : nil, hasTriedSpool: isEager))
  }

  /// On the command's thread.
  func take(_ bytes: UnsafeRawBufferPointer) {
    let piece = state.withLock { state -> String? in
      keep(bytes, &state)
      return preview(bytes, &state)
    }
    if let piece { progress(.output(piece)) }
  }

  /// All of it, after the last byte.
  func finish() -> CapturedText {
    state.withLock { state in
      state.spool?.finish()
      return CapturedText(
        early: state.early, late: state.late, bytes: state.bytes, lineFeeds: state.lineFeeds, spool: state.spool)
    }
  }

  /// Nothing will come: the command could not be started.
  func discard() { state.withLock { $0.spool?.finish() } }

  /// Bytes that can be paged through.
  var kept: Int { state.withLock { $0.spool?.kept ?? 0 } }

  var spoolID: String? { state.withLock { $0.spool?.id } }

  private func keep(_ piece: UnsafeRawBufferPointer, _ state: inout State) {
    let isWhole = state.bytes + piece.count <= 2 * Self.part
    if !isWhole && !state.hasTriedSpool {
      state.hasTriedSpool = true
      state.spool = try? spools.make(owner: owner)
      state.early.withUnsafeBytes { state.spool?.append($0) }
    }
    state.spool?.append(piece)
    state.bytes += piece.count
    state.lineFeeds += ByteScan.lineFeeds(in: piece)
    state.early += piece.prefix(2 * Self.part - state.early.count)
    state.late += piece.suffix(Self.part)
    if state.late.count > 4 * Self.part { state.late.removeFirst(state.late.count - Self.part) }
  }

  private func preview(_ piece: UnsafeRawBufferPointer, _ state: inout State) -> String? {
    state.unshown += piece.suffix(Self.preview)
    let surplus = max(0, state.unshown.count - Self.preview)
    state.skipped += surplus + max(0, piece.count - Self.preview)
    state.unshown.removeFirst(surplus)
    let now = ContinuousClock.now
    state.showable = min(Self.perSecond, state.showable + (now - state.counted) / .seconds(1) * Self.perSecond)
    state.counted = now
    guard state.showable >= 1 else { return nil }
    state.showable -= 1
    let note = state.skipped > 0 ? "[… \(state.skipped) bytes …]\n" : ""
    // The half of a character waits for its other half.
    let cut = UTF8Cut.incomplete(state.unshown)
    let rest = Array(state.unshown.suffix(cut))
    var text: [UInt8] = []
    state.unshown.dropLast(cut).withUnsafeBytes { state.stripper.strip($0, into: &text) }
    (state.unshown, state.skipped) = (rest, 0)
    return text.isEmpty ? nil : note + String(decoding: text, as: UTF8.self)
  }
}
