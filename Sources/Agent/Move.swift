/// What a model does when it is its turn: it calls tools, or it answers.
public enum Move: Hashable, Sendable {
  /// Run these, in this order, and show the model what came back. Never empty.
  case call([ToolCall])
  /// The text that ends the turn.
  case answer(String)

  /// One tool the model wants to have run.
  public struct ToolCall: Hashable, Sendable {
    /// Ties the result to the call; unique within its conversation, chosen by the model.
    public let id: String
    /// The tool's name in the catalogue: "execute_command".
    public let tool: String
    /// The arguments as the model wrote them: a JSON object, not yet checked against the tool's schema.
    public let arguments: String

    public init(id: String, tool: String, arguments: String) {
      self.id = id
      self.tool = tool
      self.arguments = arguments
    }
  }
}
