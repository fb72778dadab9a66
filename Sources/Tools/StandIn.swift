public import Core
public import Permission
import Synchronization

// Stands in until the gate is merged.
public struct RealPaths: PathView {
  public init() {}
  public func resolve(_ absolute: String) -> ResolvedPath { ResolvedPath(path: absolute) }
}
public final class PolicyFile: Sendable {
  private let allowed = Mutex<[String]>([])
  public init(path: String) {}
  public func policies(session: String? = nil) -> Policies {
    var policies = Policies()
    policies.allowed = allowed.withLock { $0 }
    return policies
  }
  public func add(_ rule: Rule) throws(CmdopError) {}
  public func remember(_ rule: Rule, session: String?) { allowed.withLock { $0.append(rule.text) } }
}
public final class GateAudit: Sendable {
  public init(folder: String, now: @escaping @Sendable () -> Int64) throws(CmdopError) {}
  public func write(_ entry: GateEntry) throws(CmdopError) {}
}
public struct GateEntry: Sendable {
  public enum Decision: Sendable { case allow, deny, askAllowed, askDenied, askTimeout, audit }
  public init(
    _ decision: Decision, _ judgement: Judgement, tool: String, input: JSON, mode: PermissionMode, hostname: String,
    user: String, hops: [String] = [], askMilliseconds: Int? = nil
  ) {}
  public static func digest(tool: String, input: JSON) -> String { "\(tool) \(input.text)" }
}
