import Testing

/// The walls: docs/house.md, and the table in Package.swift, against what is really imported.
@Suite("The rooms match their plan")
struct FloorPlanTests {
  @Test("The plan can be read: sixteen rooms with the executable, each with a folder")
  func planIsReadable() {
    #expect(FloorPlan.rooms.count == 15)
    let folders = Set(SourceFile.sources.map(\.room))
    for room in FloorPlan.rooms where !folders.contains(room.name) {
      Issue.record("Package.swift: \(room) has a row and no source")
    }
    for folder in folders.subtracting(FloorPlan.names).subtracting(["cmdop", "Shims"]) {
      Issue.record("Sources/\(folder): a folder without a row in Package.swift")
    }
  }

  @Test("A room uses only rooms on lower floors", arguments: FloorPlan.rooms)
  func oneDirection(_ room: FloorPlan.Room) {
    for used in room.uses.sorted() {
      let floor = FloorPlan.rooms.first { $0.name == used }?.floor
      if floor.map({ $0 >= room.floor }) ?? true {
        Issue.record("Package.swift: \(room) (floor \(room.floor)) may not use \(used) (floor \(floor ?? -1))")
      }
    }
  }

  @Test("A room imports exactly the rooms and modules in its row", arguments: FloorPlan.rooms)
  func importsMatchPlan(_ room: FloorPlan.Room) {
    let declared = room.uses.union(room.rents)
    let free = Landlords.common.union(Landlords.system)
    var imported: Set<String> = []
    for file in SourceFile.sources where file.room == room.name {
      for (line, module) in file.imports {
        imported.insert(module)
        if !declared.contains(module), !free.contains(module) {
          Issue.record("\(file.path):\(line): imports \(module), which is not in the row of \(room) in Package.swift")
        }
      }
    }
    for missing in declared.subtracting(imported).sorted() {
      Issue.record("Package.swift: the row of \(room) names \(missing), which no file of Sources/\(room) imports")
    }
  }

  @Test("A test imports only rooms in its row", arguments: FloorPlan.tests)
  func testsMatchPlan(_ tests: FloorPlan.Room) {
    for file in SourceFile.tests where file.room == tests.name {
      for (line, module) in file.imports where FloorPlan.names.contains(module) && !tests.uses.contains(module) {
        Issue.record("\(file.path):\(line): imports \(module), which is not in the row of \(tests) in Package.swift")
      }
    }
  }

  @Test("Only its tenants import what comes from outside")
  func landlords() {
    for file in SourceFile.sources where file.room != "Shims" {
      for (line, module) in file.imports {
        if FloorPlan.names.contains(module) || Landlords.common.contains(module) { continue }
        guard let tenants = Landlords.tenants[module] else {
          Issue.record("\(file.path):\(line): no room rents \(module); a decision record and Landlords come first")
          continue
        }
        let mayGenerated = file.isGenerated && Landlords.inGenerated.contains(module)
        if !tenants.contains(file.room), !mayGenerated {
          let allowed = tenants.isEmpty ? "nobody" : tenants.sorted().joined(separator: ", ")
          Issue.record("\(file.path):\(line): \(file.room) may not import \(module); \(allowed) may")
        }
      }
    }
  }
}
