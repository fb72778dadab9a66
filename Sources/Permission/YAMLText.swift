public import Core
import Yams

/// YAML as plain values, for settings files: the same parser as the rules have.
public enum YAMLText {
  /// Throws `badUsage` with the line for what is no YAML. Scalars are read as YAML's core schema says; an empty text is an
  /// empty object.
  public static func json(_ bytes: [UInt8]) throws(CmdopError) -> JSON {
    guard let text = String(validating: bytes, as: UTF8.self) else { throw CmdopError(.badUsage, "it is not UTF-8") }
    do {
      guard let root = try Yams.compose(yaml: text) else { return .object([:]) }
      return try value(root, depth: 0)
    } catch let error as CmdopError { throw error } catch {
      throw CmdopError(.badUsage, "it is no YAML: \(OneLine.of(String("\(error)".prefix(300))))")
    }
  }

  private static func value(_ node: Node, depth: Int) throws(CmdopError) -> JSON {
    guard depth < JSON.deepest else { throw CmdopError(.badUsage, "it is nested deeper than \(JSON.deepest) levels") }
    switch node {
    case .mapping(let mapping):
      var members: [String: JSON] = [:]
      for (key, item) in mapping {
        guard let name = key.string else { throw CmdopError(.badUsage, "a name must be a plain word") }
        members[name] = try value(item, depth: depth + 1)
      }
      return .object(members)
    case .sequence(let sequence):
      var items: [JSON] = []
      for item in sequence { items.append(try value(item, depth: depth + 1)) }
      return .array(items)
    default:
      if node.null != nil { return .null }
      if let flag = node.bool { return .bool(flag) }
      if let number = node.int { return .integer(number) }
      if let number = node.float { return .number(number) }
      return .string(node.string ?? "")
    }
  }
}
