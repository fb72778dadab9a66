public import Core

/// The judgement of acts: schema, then floor, then rules, then mode. A pure function: the same act under the same policies and
/// surroundings is judged the same.
public enum Gate {
  public static func judge(_ act: Act, _ policies: Policies, _ place: Surroundings) -> Judgement {
    let faults = act.tool.input.faults(of: act.arguments)
    if let fault = faults.first { return Judgement(.deny, .schema, fault) }
    var place = place
    place.paths = PathMemory(place.paths)
    var hearing = Hearing(act, policies, place)
    return hearing.judge()
  }

  /// A path of an argument as the gate asks for it: absolute, its dots left.
  public static func absolute(_ path: String, in directory: String, home: String) -> String {
    Hearing.absolute(path, in: directory, home: home)
  }

  /// Why a path must not be touched, for tools that walk trees: what they find there they leave out. nil: it may be.
  public static func forbids(_ path: String, _ access: GatedArgument.Access, _ place: Surroundings) -> String? {
    let access: PathUse.Access = access == .write ? .write : .read
    let plain = PathText.normal(path)
    if let reason = Floor.forbids(plain, access, place) { return reason }
    let real = place.paths.resolve(path)
    if real.isBlockDevice { return "\(path) is a block device" }
    return Floor.forbids(real.path, access, place)
  }
}
