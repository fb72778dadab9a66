import Core

extension LiveTerminal {
  /// Begins or ends recording. `write` takes whole lines.
  public func record(_ write: (@Loop ([UInt8]) -> Void)?) {
    recorder?.finish()
    recorder = write.map { Recorder(startedAt: createdAt, write: $0) }
  }

  /// Keeps drawings of the screen for a later process.
  public func keepScreens(_ keep: @escaping @Loop ([UInt8]) -> Void) { screen.whenDue = keep }

  /// Told once when the disk is full and less output is kept; in bytes.
  public func journal(cramped tell: @escaping @Loop (Int) -> Void) { journal.whenCramped = tell }

  /// Scrollback and screen as plain text.
  public func text() async -> String {
    while screen.lag > 0 {
      follow()
      await Loop.breathe()
    }
    return screen.model.text(history: true)
  }

  /// What the journal holds as asciicast v2, with the times that are known.
  public func asciicast() -> [UInt8] {
    var cast = Asciicast.head(size, startedAt: createdAt / 1000 * 1000, title: name, directory: whatRuns()?.directory)
    var position = journal.start
    let marks = timeline.marks.filter { $0.end > position } + [(end: journal.end, at: now())]
    for mark in marks where mark.end > position {
      var bytes: [UInt8] = []
      journal.withBytes(from: position, to: mark.end) { bytes += $0 }
      // A character that is cut in two goes to the next event.
      let whole = mark.end == journal.end ? bytes.count : Asciicast.wholeCharacters(bytes)
      if whole > 0 { cast += Asciicast.event(mark.at - createdAt, "o", bytes[..<whole]) }
      position += UInt64(whole)
    }
    return cast
  }
}
