/// Numbers for what cells name. When a table is full, what no cell uses any more makes room.
extension ScreenModel {
  mutating func findLook() -> ScreenCell {
    var cell = ScreenCell(style: number(style: style))
    if !link.isEmpty { cell.link = number(link: link) }
    look = cell
    return cell
  }

  mutating func findEraser() -> ScreenCell {
    let cell = ScreenCell(style: number(style: style.erased))
    eraser = cell
    return cell
  }

  private mutating func number(style: ScreenStyle) -> UInt16 {
    if let found = book.styles.find(style) { return found }
    if book.styles.shouldCompact() { compactStyles() }
    return book.styles.add(style) ?? 0
  }

  private mutating func number(link: [UInt8]) -> UInt16 {
    if let found = book.links.find(link) { return UInt16(truncatingIfNeeded: found) }
    if book.links.shouldCompact() {
      let renamed = book.links.compact(used: used(book.links.count + 1) { Int($0.link) })
      rename { $0.link = UInt16(truncatingIfNeeded: renamed[Int($0.link)]) }
    }
    return UInt16(truncatingIfNeeded: book.links.add(link) ?? 0)
  }

  mutating func number(cluster: [UInt32]) -> Int? {
    if let found = book.clusters.find(cluster) { return found }
    if book.clusters.shouldCompact() {
      let renamed = book.clusters.compact(used: used(book.clusters.count + 1) { $0.cluster ?? 0 })
      rename {
        guard let number = $0.cluster else { return }
        $0.content = ScreenCell.firstCluster + UInt32(truncatingIfNeeded: renamed[number])
      }
    }
    return book.clusters.add(cluster)
  }

  private mutating func compactStyles() {
    let renamed = book.styles.compact(used: used(book.styles.styles.count) { Int($0.style) })
    rename { $0.style = renamed[Int($0.style)] }
    (look, eraser) = (nil, nil)
  }

  private func used(_ count: Int, _ number: (ScreenCell) -> Int) -> [Bool] {
    var used = [Bool](repeating: false, count: count)
    for grid in [grid] + (hidden.map { [$0] } ?? []) {
      for y in 0..<grid.rows {
        used[number(grid.line(y).fill)] = true
        grid.withRow(y) { cells, _ in for cell in cells { used[number(cell)] = true } }
      }
    }
    return used
  }

  private mutating func rename(_ change: (inout ScreenCell) -> Void) {
    grid.rename(change)
    hidden?.rename(change)
    (look, eraser) = (nil, nil)
  }
}
