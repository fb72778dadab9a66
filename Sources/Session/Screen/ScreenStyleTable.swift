/// The styles in use, each once, so that a cell needs two bytes for its own. Number 0 is the plain one.
///
/// An open-addressed hash table of our own: a coloured listing looks up a style every few bytes.
struct ScreenStyleTable {
  private(set) var styles: [ScreenStyle] = [.plain]
  private var slots = [UInt16](repeating: 0, count: 64)
  /// When to look for styles that nobody uses any more.
  private var threshold = 512
  /// When almost all numbers are taken, so many styles go without before that is tried again.
  private var patience = 0
  /// Some style is protected (DECSCA).
  private(set) var hasProtection = false
  /// What two bytes can name.
  static let limit = 65_535

  /// Whether it is time to look for styles that nobody uses any more.
  mutating func shouldCompact() -> Bool {
    guard styles.count >= threshold else { return false }
    patience -= 1
    return patience < 0
  }

  subscript(index: UInt16) -> ScreenStyle { Int(index) < styles.count ? styles[Int(index)] : .plain }

  func find(_ style: ScreenStyle) -> UInt16? {
    if style == .plain { return 0 }
    let mask = slots.count - 1
    var at = Self.hash(style) & mask
    while slots[at] != 0 {
      if styles[Int(slots[at])] == style { return slots[at] }
      at = (at + 1) & mask
    }
    return nil
  }

  /// Adds one that is not there; nil when there is no number left.
  mutating func add(_ style: ScreenStyle) -> UInt16? {
    guard styles.count < Self.limit else { return nil }
    styles.append(style)
    hasProtection = hasProtection || style.attributes.contains(.protected)
    if styles.count * 2 > slots.count { rehash(slots.count * 2) } else { place(UInt16(styles.count - 1)) }
    return UInt16(styles.count - 1)
  }

  /// Keeps only `used`. Returns the new number of each.
  mutating func compact(used: [Bool]) -> [UInt16] {
    var renamed = [UInt16](repeating: 0, count: styles.count)
    var kept: [ScreenStyle] = [.plain]
    for index in styles.indices.dropFirst() where index < used.count && used[index] {
      renamed[index] = UInt16(kept.count)
      kept.append(styles[index])
    }
    styles = kept
    threshold = min(max(512, kept.count * 2), Self.limit)
    patience = kept.count > Self.limit - 8192 ? 8192 : 0
    var size = 64
    while size < kept.count * 2 + 2 { size *= 2 }
    rehash(size)
    return renamed
  }

  private mutating func rehash(_ size: Int) {
    slots = [UInt16](repeating: 0, count: size)
    for index in styles.indices.dropFirst() { place(UInt16(index)) }
  }

  private mutating func place(_ index: UInt16) {
    let mask = slots.count - 1
    var at = Self.hash(styles[Int(index)]) & mask
    while slots[at] != 0 { at = (at + 1) & mask }
    slots[at] = index
  }

  private static func hash(_ style: ScreenStyle) -> Int {
    let colours = UInt64(style.foreground.bits) << 32 | UInt64(style.background.bits)
    let rest = UInt64(style.underlineColour.bits) << 16 | UInt64(style.attributes.rawValue)
    let mixed = (colours &* 0x9e37_79b9_7f4a_7c15) ^ ((rest &+ 0x632b_e59b) &* 0xc2b2_ae3d_27d4_eb4f)
    return Int(truncatingIfNeeded: (mixed ^ mixed >> 29) &* 0x1656_67b1_9e37_79f9 >> 33)
  }
}
