/// Where a session stands, as the relay sees it. `disconnected` says that the relay cannot reach it, not that it ended.
public enum SessionState: String, Hashable, Sendable, CaseIterable {
  case pending, connected, background, gracePeriod, disconnected

  /// The state after `event`; nil when the event cannot happen in this state.
  public func after(_ event: SessionEvent) -> SessionState? {
    switch (self, event) {
    case (.pending, .started): .connected
    case (.pending, .machineLost), (.pending, .machineLeft), (.pending, .ended): .disconnected
    case (.connected, .enteredBackground): .background
    case (.background, .woke): .connected
    case (.connected, .machineLost), (.background, .machineLost): .gracePeriod
    case (.background, .backgroundOver): .gracePeriod
    case (.gracePeriod, .graceOver): .disconnected
    case (.gracePeriod, .machineReturned), (.disconnected, .machineReturned): .connected
    case (.connected, .machineReturned), (.background, .machineReturned): self
    case (.connected, .machineLeft), (.background, .machineLeft), (.gracePeriod, .machineLeft): .disconnected
    case (.connected, .ended), (.background, .ended), (.gracePeriod, .ended), (.disconnected, .ended): .disconnected
    default: nil
    }
  }
}

/// What can happen to a session.
public enum SessionEvent: Hashable, Sendable, CaseIterable {
  /// Its terminal runs.
  case started
  /// Its machine's connection was lost without a goodbye.
  case machineLost
  /// The grace time is over and its machine did not return.
  case graceOver
  /// Its machine is back and says that the session lives.
  case machineReturned
  /// Its machine said goodbye.
  case machineLeft
  /// A mobile client left on purpose.
  case enteredBackground
  /// That client is back.
  case woke
  /// That client stayed away too long.
  case backgroundOver
  /// Its program ended.
  case ended
}
