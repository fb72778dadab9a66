public import Core

/// What operators ask for again and again.
extension FleetOffer {
  private struct Recipe {
    let name: String
    let title: String
    let summary: String
    /// Name, what it is, whether it must be given.
    var arguments: [(name: String, summary: String, isRequired: Bool)] = []
    let text: @Sendable ([String: String]) -> String
  }

  private static let care =
    "Change nothing unless it is asked for below. Say which machines could not be reached or have refused, and why."

  private static let recipes: [Recipe] = [
    Recipe(
      name: "fleet_health", title: "Health check of the fleet",
      summary: "Looks at every machine: reachable, disk, memory, load, failed services.",
      text: { _ in
        """
        Check the health of my fleet. Begin with list_machines. On every machine that is online look, with execute_command and \
        its machine argument, at free disk space (df -h), memory (free -m), load (uptime) and failed services (systemctl \
        --failed --no-pager where there is systemd). \(care) Give one table: machine, state, what is wrong; the worst first. \
        Then say in a few lines what to do about it.
        """
      }),
    Recipe(
      name: "why_slow", title: "Why is a machine slow?", summary: "Finds out what keeps a machine busy.",
      arguments: [("host", "The machine: host name, display name or id.", true)],
      text: { given in
        """
        Find out why \(given["host"] ?? "") is slow at the moment. Look there at load, processor time by process, memory and \
        swap, disk space and disk activity, and the last errors in its log. \(care) Say what the most likely cause is, what \
        speaks for it, and what you would do; do not do it.
        """
      }),
    Recipe(
      name: "low_disk", title: "Which machine is low on disk?", summary: "Finds full disks and what fills them.",
      text: { _ in
        """
        Which of my machines is low on disk? Use list_machines, then df -hP on each that is online. For those with less than \
        15 % free find the five largest folders (du -xh -d 2). \(care) Answer with one table, the fullest first.
        """
      }),
    Recipe(
      name: "roll_out", title: "Roll out one by one",
      summary: "Does something on several machines, one after the other, and stops at the first that fails.",
      arguments: [
        ("what", "What is to be done, and how to see that it worked.", true),
        ("hosts", "The machines, separated by commas; all that are online if absent.", false),
      ],
      text: { given in
        """
        Do this on my machines, one after the other: \(given["what"] ?? "")
        Machines: \(given["hosts"].flatMap { $0.isEmpty ? nil : $0 } ?? "all that list_machines shows as online"). Show me the \
        order first. On each machine check that it is well before you begin, do it, check that it worked, and only then go on. \
        Stop at the first machine where it did not work, and say what its state is now and how to go back. A call that is \
        denied is a reason to stop, not to look for another way.
        """
      }),
    Recipe(
      name: "who_did_what", title: "What happened on a machine?",
      summary: "Reads what the gate has decided lately.",
      arguments: [("host", "The machine; this one if absent.", false)],
      text: { given in
        let place = given["host"].flatMap { $0.isEmpty ? nil : $0 }.map { " with machine \"\($0)\"" } ?? ""
        return """
          Read audit_tail\(place), and tell me who did what there lately, what was denied or asked about, and whether \
          anything looks odd.
          """
      }),
  ]

  public func prompts() async -> [JSON] {
    Self.recipes.map { recipe in
      [
        "name": .string(recipe.name), "title": .string(recipe.title), "description": .string(recipe.summary),
        "arguments": .array(
          recipe.arguments.map {
            ["name": .string($0.name), "description": .string($0.summary), "required": .bool($0.isRequired)]
          }),
      ]
    }
  }

  public func prompt(
    _ name: String, _ arguments: [String: String], _ call: OfferCall
  ) async throws(RPCError) -> JSON {
    guard let recipe = Self.recipes.first(where: { $0.name == name }) else {
      throw .invalidParams("there is no prompt \"\(OneLine.of(String(name.prefix(100))))\"")
    }
    for argument in recipe.arguments where argument.isRequired && (arguments[argument.name] ?? "").isEmpty {
      throw .invalidParams("the prompt \(name) needs the argument \(argument.name)")
    }
    return [
      "description": .string(recipe.summary),
      "messages": [["role": "user", "content": ["type": "text", "text": .string(recipe.text(arguments))]]],
    ]
  }
}
