/// The numbers that more than one room must agree on, each with its reason.
public enum Limits {
  /// One message on the wire. gRPC's own default, and what other implementations accept unasked.
  public static let message = 4 * 1024 * 1024
  /// What a stranger may say at once: a form, or a typed call without a credential.
  public static let page = 64 * 1024
  /// One piece of a byte stream. Small enough that a keystroke behind it waits well under a millisecond.
  public static let piece = 32 * 1024
  /// Output kept per terminal: what a viewer may miss and still continue without a redraw.
  public static let journal = 8 * 1024 * 1024
  /// Input that was typed and not yet confirmed; more than anybody types while a line is down.
  public static let unconfirmedInput = 64 * 1024
  /// Terminals per machine, unless its owner says otherwise.
  public static let sessionsPerMachine = 64
  /// How long what is known of an ended session stays.
  public static let historyDays = 30
  /// Streams that wait for an operation, per machine: a burst of that many opens costs no extra round trip.
  public static let spareStreams = 4
  /// Operations that may wait for a spare stream, per machine.
  public static let waitingOperations = 256
  /// Concurrent HTTP/2 streams per connection. The usual 100 would stop a fan-out through one daemon.
  public static let streamsPerConnection = 4096
  /// Machines that a question between agents may pass, one after the other. Cuts loops that the list of visited machines
  /// cannot see.
  public static let hops = 3
  /// One prompt to an agent.
  public static let prompt = 1024 * 1024
  /// The arguments of a tool as text: one message, less what stands beside them in it.
  public static let arguments = message - 64 * 1024
  /// HTTP/2 window: 256 KiB gave the best TLS throughput of the sizes measured; 8 MiB breaks connections.
  public static let window = 256 * 1024
}
