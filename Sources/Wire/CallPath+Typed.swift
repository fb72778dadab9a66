import GRPCCore

extension CallPath {
  /// All typed calls of the relay, as the services describe themselves.
  public static let typed: [String] = [
    Cmdop_V1_Fleet.Method.descriptors, Cmdop_V1_Sessions.Method.descriptors, Cmdop_V1_Auth.Method.descriptors,
    Cmdop_V1_People.Method.descriptors, Cmdop_V1_Shares.Method.descriptors, Cmdop_V1_Audit.Method.descriptors,
    Cmdop_V1_Events.Method.descriptors,
  ].flatMap { $0 }.map { "/\($0.service.fullyQualifiedService)/\($0.method)" }
}
