import CQRCodeGen
import Connect

/// A text as a QR code for terminals.
enum QRPicture {
  /// Of the codes that fit on a screen; holds 271 bytes with low correction.
  private static let largest: Int32 = 10

  /// nil: it does not fit into `columns`, or the text is too long.
  static func lines(_ text: String, columns: Int) -> [String]? {
    var (code, work) = ([UInt8](repeating: 0, count: 4096), [UInt8](repeating: 0, count: 4096))
    guard
      qrcodegen_encodeText(
        text, &work, &code, qrcodegen_Ecc_LOW, 1, largest, qrcodegen_Mask_AUTO, true)
    else { return nil }
    let size = Int(qrcodegen_getSize(code))
    guard size + 2 * HalfBlocks.quietZone <= columns else { return nil }
    return HalfBlocks.lines(size: size) { row, column in
      qrcodegen_getModule(code, Int32(column), Int32(row))
    }
  }
}
