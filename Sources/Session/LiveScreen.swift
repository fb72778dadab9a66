import Core
import NIOCore

/// The model of a living terminal's screen. It follows the journal as lazily as it may: nobody waits for it but who
/// arrives.
@Loop
final class LiveScreen {
  private(set) var model: ScreenModel
  private let journal: Journal
  /// What asked the terminal something, and whose terminal answers: a client, "" for this machine, nil: undecided.
  private var questions: [(range: Range<UInt64>, by: String?)] = []
  private var kept: UInt64
  /// From here the screen can be followed anew: a drawing in the size of now. Nil until one was made.
  private var base: [UInt8]?
  /// What an earlier process has printed before this position was answered then.
  private let inherited: UInt64
  /// Told when the drawing should be kept, so that a later process finds the screen although the ring has moved on.
  var whenDue: (@Loop ([UInt8]) -> Void)?

  /// Beyond it the model follows, whatever that costs: the journal must not outrun it.
  nonisolated static let mostLag: UInt64 = 512 * 1024
  /// The model works at most so long at a time: a program may print what is quick to say and slow to do.
  private nonisolated static let turn = Duration.milliseconds(2)
  /// Drawings are kept this far apart: half of the ring.
  private nonisolated static let keepEvery = UInt64(Limits.journal / 2)

  init(_ journal: Journal, size: TerminalSize, drawing: [UInt8]?) {
    self.journal = journal
    if let drawing, let (position, screen) = Self.open(drawing), position <= journal.end {
      var redrawn = ScreenModel(size: size)
      screen.withUnsafeBytes { redrawn.feed($0) }
      _ = redrawn.takeReplies()
      redrawn.goOn(at: max(position, journal.start))
      (model, kept) = (redrawn, position)
      base = drawing
    } else {
      (model, kept) = (ScreenModel(size: size, position: journal.start), journal.start)
    }
    inherited = journal.end
  }

  /// The model has seen everything before this position.
  var position: UInt64 { model.position }
  var lag: UInt64 { journal.end - model.position }

  /// Shows the model what was printed since, for a short while. `answeredBy`: whose terminal answers what is asked there.
  func catchUp(answeredBy client: String? = "") {
    guard model.position < journal.end else { return }
    if let place = skippable() { model.skip(to: place) }
    if model.position < journal.start { model.goOn(at: journal.start) }
    feed(&model, to: journal.end)
    for range in model.takeQuestions() {
      if questions.count >= 64 { questions.removeFirst() }
      questions.append((range, client))
    }
  }

  /// Shows a model what stands in the journal before `end`, for one turn at most.
  private func feed(_ model: inout ScreenModel, to end: UInt64) {
    let deadline = ContinuousClock.now + Self.turn
    repeat {
      journal.withBytes(from: model.position, to: min(end, model.position + 4096)) { model.feed($0) }
    } while model.position < end && ContinuousClock.now < deadline
  }

  /// What is to be answered; nothing of what an earlier process has seen.
  func takeReplies() -> [UInt8] {
    let replies = model.takeReplies()
    return model.position <= inherited ? [] : replies
  }
  func resize(_ size: TerminalSize) {
    base = nil
    model.resize(size)
  }

  /// Makes sure that there is one; for once a second.
  func keepBase() {
    if base == nil && lag == 0 { base = drawing() }
  }

  /// The model as it was at an earlier position; nil when that cannot be told any more.
  func model(at position: UInt64) async -> ScreenModel? {
    if model.position == position { return model }
    guard let base, let (begin, screen) = Self.open(base), max(begin, journal.start) <= position else { return nil }
    var past = ScreenModel(size: model.size)
    screen.withUnsafeBytes { past.feed($0) }
    past.goOn(at: begin)
    while past.position < position {
      guard past.position >= journal.start else { return nil }
      feed(&past, to: position)
      if past.position < position { await Loop.breathe() }
    }
    return past
  }

  /// Of plain text only the last lines stay: what lies before them need not be looked at one by one.
  private func skippable() -> UInt64? {
    let length = UInt64(ScreenModel.tail(rows: model.rows, columns: model.columns))
    guard lag > max(128 * 1024, 2 * length), model.showsPlainText else { return nil }
    var isPlain = true
    journal.withBytes(from: model.position) { if isPlain { isPlain = PlainText.isPlain($0) } }
    guard isPlain else { return nil }
    let tail = journal.end - length
    var (place, lines, at) = (UInt64?.none, 0, tail)
    journal.withBytes(from: tail) { bytes in
      for (index, byte) in bytes.enumerated() where byte == 10 {
        lines += 1
        if place == nil, index > 0, bytes[index - 1] == 13 { place = at + UInt64(index) + 1 }
      }
      at += UInt64(bytes.count)
    }
    return lines > model.rows + 2 ? place : nil
  }

  // MARK: questions

  /// A program's question to the terminal reaches one terminal, or is answered here: for all others it is blotted out, byte
  /// for byte, so that positions stay what they are.
  func hideQuestions(in bytes: inout ByteBuffer, from: UInt64, client: String, isAsked: Bool) {
    guard let last = questions.last, last.range.upperBound > from else { return }
    let span = from..<from + UInt64(bytes.readableBytes)
    for index in questions.indices where questions[index].range.overlaps(span) {
      if questions[index].by == nil && isAsked { questions[index].by = client }
      if questions[index].by == client { continue }
      let hidden = questions[index].range.clamped(to: span)
      let at = bytes.readerIndex + Int(hidden.lowerBound - from)
      bytes.setRepeatingByte(0, count: hidden.count, at: at)
      // Its beginning went out before: CAN ends it.
      if questions[index].range.lowerBound < from { bytes.setInteger(0x18 as UInt8, at: at) }
    }
  }

  // MARK: drawings that are kept

  func keepIfDue() {
    guard let whenDue, model.position >= kept + Self.keepEvery else { return }
    kept = model.position
    let drawing = drawing()
    base = drawing
    whenDue(drawing)
  }

  /// The position (8 bytes, little-endian), then the drawing.
  func drawing() -> [UInt8] {
    withUnsafeBytes(of: model.position.littleEndian) { Array($0) } + model.snapshot(.arriving)
  }

  private static func open(_ drawing: [UInt8]) -> (UInt64, ArraySlice<UInt8>)? {
    guard drawing.count >= 8 else { return nil }
    let position = drawing[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return (position, drawing[8...])
  }
}

/// Text without sequences: nothing in it but characters and the ends of lines.
enum PlainText {
  static func isPlain(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var at = 0
    while at < bytes.count {
      let end = min(at + 256, bytes.count)
      // Without a way out in the middle the compiler makes vectors of it.
      var strange: UInt8 = 0
      for index in at..<end {
        let byte = bytes[index]
        // ESC, SO and SI, and 0xC2, which C1 controls begin with in UTF-8.
        strange |= (byte == 0x1b ? 1 : 0) | (byte & 0xfe == 0x0e ? 1 : 0) | (byte == 0xc2 ? 1 : 0)
      }
      if strange != 0 { return false }
      at = end
    }
    return true
  }
}
