/// How long and how far one agent may ask others.
public enum AskLimits {
  /// `ask_machine`: how long the other agent may take.
  public static let timeout: ClosedRange<Duration> = .milliseconds(1) ... .seconds(600)
  public static let standardTimeout: Duration = .seconds(120)

  /// `ask_machines`, each host for itself. Not under a second: a fan-out that short only measures the network.
  public static let timeoutPerHost: ClosedRange<Duration> = .seconds(1) ... .seconds(300)
  public static let standardTimeoutPerHost: Duration = .seconds(120)

  /// `ask_machines`, all hosts together.
  public static let timeoutForAll: ClosedRange<Duration> = .seconds(1) ... .seconds(600)
  public static let standardTimeoutForAll: Duration = .seconds(240)

  /// Machines that one question may go to, all at the same time.
  public static let width = 64
  /// The same for an agent that was itself asked by another one: else each hop would multiply by 64.
  public static let widthWhenAsked = 16
}
