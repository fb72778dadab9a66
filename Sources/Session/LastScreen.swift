public import Core

/// What the screen of a terminal that is gone showed last.
@Loop
public enum LastScreen {
  /// `drawing`: as it was kept; see LiveTerminal.keepScreens. The size is not known any more.
  public static func text(_ journal: Journal, drawing: [UInt8]?) async -> String {
    let screen = LiveScreen(journal, size: .standard, drawing: drawing)
    while screen.lag > 0 {
      screen.catchUp()
      await Loop.breathe()
    }
    return screen.model.text(history: true)
  }
}
