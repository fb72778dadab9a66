/// One value held against one schema. Both may come from elsewhere, and together they cost their product: so each step is
/// counted, and after too many of them it is given up.
struct SchemaCheck {
  private(set) var faults: [String] = []
  private(set) var isGivenUp = false
  private var stepsLeft: Int
  private var stepsSinceLook = 0
  /// The way to the value that is looked at.
  private var path: [Place] = []
  /// Inside of anyOf only whether something fits is wanted, not why it does not: then no words are made.
  private var branches = 0
  private var isUnfit = false

  private enum Place {
    case member(String)
    case item(Int)
  }
  private static let mostFaults = 20
  /// Characters of one fault: a schema's constants may be long.
  private static let longestFault = 1000
  /// Bytes that are compared in the time of one step.
  private static let bytesPerStep = 64
  private static let stepsBetweenLooks = 4096

  init(mostSteps: Int) { stepsLeft = mostSteps }

  mutating func hold(_ value: JSON, against schema: JSON) { check(value, schema, depth: 0) }

  // MARK: what it costs

  private mutating func spend(_ steps: Int = 1) {
    stepsLeft -= steps
    stepsSinceLook += steps
    if stepsLeft < 0 { isGivenUp = true }
    guard stepsSinceLook >= Self.stepsBetweenLooks else { return }
    stepsSinceLook = 0
    // Whoever has given up a call does not wait for its end.
    if Task.isCancelled { isGivenUp = true }
  }

  private mutating func spend(on text: String) { spend(1 + text.utf8.count / Self.bytesPerStep) }

  /// Steps of a comparison with it.
  private static func weight(_ json: JSON) -> Int {
    switch json {
    case .string(let text): 1 + text.utf8.count / bytesPerStep
    case .array(let items): items.reduce(1) { $0 + weight($1) }
    case .object(let members): members.reduce(1) { $0 + 1 + $1.key.utf8.count / bytesPerStep + weight($1.value) }
    default: 1
    }
  }

  private mutating func isSame(_ value: JSON, as constant: JSON) -> Bool {
    spend(Self.weight(constant))
    return !isGivenUp && value == constant
  }

  // MARK: what is found

  /// More would change nothing.
  private var isDone: Bool { isGivenUp || (branches > 0 ? isUnfit : faults.count >= Self.mostFaults) }

  private mutating func fault(_ what: @autoclosure () -> String, at member: String? = nil) {
    if branches > 0 {
      isUnfit = true
    } else if !isDone {
      let place = Self.text(path + (member.map { [.member($0)] } ?? []))
      let words = place.isEmpty ? "the arguments: \(what())" : "\(OneLine.of(place)): \(what())"
      faults.append(String(String.UnicodeScalarView(words.unicodeScalars.prefix(Self.longestFault))))
    }
  }

  /// "a.b[3].c"
  private static func text(_ path: [Place]) -> String {
    path.reduce(into: "") { text, place in
      switch place {
      case .member(let name): text += text.isEmpty ? name : ".\(name)"
      case .item(let index): text += "[\(index)]"
      }
    }
  }

  // MARK: the words of a schema

  private mutating func check(_ value: JSON, _ schema: JSON, depth: Int) {
    spend()
    guard depth < JSON.deepest, !isDone else { return }
    if schema == .bool(false) { return fault("is not allowed") }
    checkType(value, schema)
    checkConstants(value, schema)
    for word in ["anyOf", "oneOf"] { checkForms(value, schema[word]?.array ?? [], depth) }
    checkSize(value, schema)
    if case .object(let members) = value { checkMembers(members, schema, depth) }
    if case .array(let items) = value, let each = schema["items"] { checkItems(items, each, depth) }
  }

  private mutating func check(_ value: JSON, _ schema: JSON, at place: Place, _ depth: Int) {
    path.append(place)
    check(value, schema, depth: depth + 1)
    path.removeLast()
  }

  private mutating func checkType(_ value: JSON, _ schema: JSON) {
    let types = schema["type"]?.string.map { [$0] } ?? schema["type"]?.strings ?? []
    spend(types.count)
    guard !types.isEmpty, !types.contains(where: { Self.isType(value, $0) }) else { return }
    fault("must be \(types.joined(separator: " or ")), is \(Self.name(of: value))")
  }

  private mutating func checkConstants(_ value: JSON, _ schema: JSON) {
    if let allowed = schema["enum"]?.array, !isAny(of: allowed, value) {
      fault("must be one of \(allowed.map(\.text).joined(separator: ", "))")
    }
    if let only = schema["const"], !isSame(value, as: only) { fault("must be \(only.text)") }
  }

  private mutating func isAny(of allowed: [JSON], _ value: JSON) -> Bool {
    for one in allowed where !isGivenUp { if isSame(value, as: one) { return true } }
    return false
  }

  private mutating func checkForms(_ value: JSON, _ forms: [JSON], _ depth: Int) {
    if forms.isEmpty { return }
    for form in forms where !isGivenUp { if fits(value, form, depth) { return } }
    fault(Self.words(forms))
  }

  private mutating func fits(_ value: JSON, _ form: JSON, _ depth: Int) -> Bool {
    branches += 1
    check(value, form, depth: depth + 1)
    branches -= 1
    // Unset before: who had found something would not have come here.
    defer { isUnfit = false }
    return !isUnfit
  }

  private static func words(_ forms: [JSON]) -> String {
    let names = forms.compactMap { $0["required"]?.strings?.joined(separator: " and ") }
    return names.count == forms.count ? "needs \(names.joined(separator: ", or "))" : "fits none of its forms"
  }

  private mutating func checkItems(_ items: [JSON], _ each: JSON, _ depth: Int) {
    for (index, item) in items.enumerated() {
      if isDone { return }
      check(item, each, at: .item(index), depth)
    }
  }

  private mutating func checkMembers(_ members: [String: JSON], _ schema: JSON, _ depth: Int) {
    for name in schema["required"]?.strings ?? [] {
      spend(on: name)
      if isDone { return }
      if members[name] == nil { fault("is missing", at: name) }
    }
    let (known, rest) = (schema["properties"]?.object ?? [:], schema["additionalProperties"])
    if known.isEmpty && rest == nil { return }
    spend(members.count)
    if isDone { return }
    // The order is for whoever reads what is wrong.
    for name in branches > 0 ? Array(members.keys) : members.keys.sorted() {
      spend(on: name)
      guard !isDone, let member = members[name] else { return }
      if let schema = known[name] ?? (rest == .bool(false) ? nil : rest) {
        check(member, schema, at: .member(name), depth)
      } else if rest != nil {
        fault("is unknown; known are \(known.isEmpty ? "none" : known.keys.sorted().joined(separator: ", "))", at: name)
      }
    }
  }

  private mutating func checkSize(_ value: JSON, _ schema: JSON) {
    switch value {
    case .integer, .number: hold(value.number ?? 0, schema, "minimum", "maximum", "")
    case .string(let text):
      guard schema["minLength"] != nil || schema["maxLength"] != nil else { return }
      // Counting is quicker than comparing.
      spend(text.utf8.count / (16 * Self.bytesPerStep))
      if !isGivenUp { hold(Double(text.unicodeScalars.count), schema, "minLength", "maxLength", " characters") }
    case .array(let items): hold(Double(items.count), schema, "minItems", "maxItems", " items")
    default: break
    }
  }

  private mutating func hold(_ size: Double, _ schema: JSON, _ least: String, _ most: String, _ unit: String) {
    if let least = schema[least]?.number, size < least {
      fault("must be at least \(JSON.shortest(least))\(unit), is \(JSON.shortest(size))")
    }
    if let most = schema[most]?.number, size > most {
      fault("must be at most \(JSON.shortest(most))\(unit), is \(JSON.shortest(size))")
    }
  }

  // MARK: types

  private static func isType(_ value: JSON, _ type: String) -> Bool {
    switch type {
    case "integer": value.integer != nil
    case "number": value.number != nil
    default: name(of: value) == type
    }
  }

  private static func name(of value: JSON) -> String {
    switch value {
    case .null: "null"
    case .bool: "boolean"
    case .integer, .number: "number"
    case .string: "string"
    case .array: "array"
    case .object: "object"
    }
  }
}

extension JSON {
  fileprivate static func shortest(_ number: Double) -> String { Int(exactly: number).map(String.init) ?? "\(number)" }
}
