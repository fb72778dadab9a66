import Core

/// What a provider's refusal means. Both families write {"error": {"type", "code", "message"}}.
enum FaultReading {
  /// An error inside a stream that began well.
  static func inStream(_ error: JSON) -> StreamFault {
    let type = error["type"]?.string ?? ""
    let code = error["code"]?.string ?? ""
    let message = text(error, otherwise: "the model's service reported an error")
    if isTooLarge(type: type, code: code, message: message) { return StreamFault(.tooLarge, message, mayRetry: false) }
    if isAboutMoney(type: type, code: code, error) { return StreamFault(.notSignedIn, message, mayRetry: false) }
    let final: Set = [
      "invalid_request_error", "authentication_error", "permission_error", "not_found_error", "invalid_prompt",
    ]
    if final.contains(type) || final.contains(code) { return StreamFault(.badRequest, message, mayRetry: false) }
    return StreamFault(.unavailable, message, mayRetry: true)
  }

  /// A response that is no answer. `header` finds a header by its lower-case name.
  static func of(status: Int, header: (String) -> String?, body: [UInt8]) -> StreamFault {
    let parsed = try? JSON(parsing: body)
    let error = parsed?["error"]?.object.map { JSON.object($0) } ?? parsed ?? [:]
    let type = error["type"]?.string ?? ""
    let code = error["code"]?.string ?? ""
    let said = text(error, otherwise: parsed?["error"]?.string ?? String(decoding: body.prefix(200), as: UTF8.self))
    let message = "the model's service answered \(status)\(said.isEmpty ? "" : ": \(said)")"
    let after = pause(header)
    switch status {
    case 413: return StreamFault(.tooLarge, message, mayRetry: false)
    case 400 where isTooLarge(type: type, code: code, message: said),
      422 where isTooLarge(type: type, code: code, message: said):
      return StreamFault(.tooLarge, message, mayRetry: false)
    case 401, 402, 403:
      return StreamFault(
        .notSignedIn, message, mayRetry: false,
        hint: "check ANTHROPIC_API_KEY or OPENAI_API_KEY where the daemon starts")
    case _ where isAboutMoney(type: type, code: code, error): return StreamFault(.notSignedIn, message, mayRetry: false)
    default: break
    }
    // The provider knows best.
    let isWorthIt =
      switch header("x-should-retry")?.lowercased() {
      case "true": true
      case "false": false
      default: status == 408 || status == 409 || status == 429 || status >= 500
      }
    let kind: ModelFault.Kind =
      status == 408 || status == 409 || status == 429 || status >= 500 ? .unavailable : .badRequest
    return StreamFault(kind, message, mayRetry: isWorthIt, after: after)
  }

  /// There is no code for it that all would use: llama.cpp, vLLM and proxies say it in words.
  private static func isTooLarge(type: String, code: String, message: String) -> Bool {
    if code == "context_length_exceeded" || type == "exceed_context_size_error" || type == "request_too_large" {
      return true
    }
    let message = message.lowercased()
    return ["prompt is too long", "maximum context length", "context window", "context size", "input is too long"]
      .contains { message.contains($0) }
  }

  /// Waiting does not fill an account.
  private static func isAboutMoney(type: String, code: String, _ error: JSON) -> Bool {
    let detail = error["details"]?["error_code"]?.string ?? ""
    return detail == "enforced_spend_limit_reached" || code == "insufficient_quota" || type == "insufficient_quota"
      || type == "billing_error"
  }

  private static func text(_ error: JSON, otherwise: String) -> String {
    let said = error["message"]?.string ?? otherwise
    return OneLine.of(String(said.prefix(400)))
  }

  /// `retry-after-ms`, or `retry-after` in seconds; dates are not worth reading.
  private static func pause(_ header: (String) -> String?) -> Duration? {
    if let ms = header("retry-after-ms").flatMap({ Double($0) }), ms.isFinite, ms >= 0 {
      return .milliseconds(min(ms, 1e9))
    }
    if let seconds = header("retry-after").flatMap({ Double($0) }), seconds.isFinite, seconds >= 0 {
      return .seconds(min(seconds, 1e6))
    }
    return nil
  }
}

/// How often and when a request is sent again.
struct RetryRule: Sendable {
  /// Six pauses from 0.5 to 16 s, half a minute in all: an overloaded service is back by then, or it will be long.
  var most = 6
  var first = Duration.milliseconds(500)
  var longest = Duration.seconds(32)
  /// What a provider may ask for; who asks for more is tried after that.
  var longestAsked = Duration.seconds(60)
  /// Between 0 and 1, so that many agents do not return in step.
  var dice: @Sendable () -> Double = { Double.random(in: 0..<1) }

  /// The pause before the next try; nil: enough. `tries`: how many have failed.
  func pause(after fault: StreamFault, tries: Int) -> Duration? {
    guard fault.mayRetry, tries <= most else { return nil }
    if let asked = fault.after { return min(asked, longestAsked) }
    let doubled = first * (1 << min(max(tries - 1, 0), 16))
    return min(doubled, longest) * (1 - dice() / 4)
  }
}
