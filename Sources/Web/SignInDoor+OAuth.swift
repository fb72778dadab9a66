import Core

/// OAuth for any HTTP client: device logins (RFC 8628), tokens that are renewed (RFC 6749), and their end (RFC 7009).
/// Clients are public ones: they have names and no secrets, and no cookie counts here.
extension SignInDoor {
  private static let deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"
  private static let refreshGrant = "refresh_token"

  @Sendable func startDeviceLogin(_ request: WebRequest) async throws(CmdopError) -> HTTPAnswer {
    let fields = try FormFields(request.ask)
    guard let client = fields["client_id"], !client.isEmpty else { return Self.missing("client_id") }
    let start = try await desk.startDeviceLogin(client: client, peer: request.peer)
    return JSON.answer(
      200,
      [
        "device_code": .text(start.deviceCode), "user_code": .text(start.userCode),
        "verification_uri": .text(start.verificationURI),
        "verification_uri_complete": .text(start.verificationURIComplete),
        "expires_in": .number(Int64(start.expiresIn)), "interval": .number(Int64(start.interval)),
      ])
  }

  @Sendable func token(_ request: WebRequest) async throws(CmdopError) -> HTTPAnswer {
    let fields = try FormFields(request.ask)
    switch fields["grant_type"] {
    case nil, "": return Self.missing("grant_type")
    case Self.deviceGrant: return await tokenForDevice(fields, request)
    case Self.refreshGrant:
      guard let token = fields["refresh_token"], !token.isEmpty else { return Self.missing("refresh_token") }
      return tokens(try await desk.refresh(token: token, fleet: fields["fleet"] ?? "", peer: request.peer))
    default:
      return OAuthError("unsupported_grant_type", "known here: \(Self.deviceGrant), \(Self.refreshGrant)").answer
    }
  }

  private func tokenForDevice(_ fields: FormFields, _ request: WebRequest) async -> HTTPAnswer {
    guard let code = fields["device_code"], !code.isEmpty else { return Self.missing("device_code") }
    do throws(CmdopError) {
      guard let set = try await desk.pollDeviceLogin(deviceCode: code, peer: request.peer) else {
        return OAuthError("authorization_pending", "nobody has decided yet").answer
      }
      return tokens(set)
    } catch {
      return OAuthError(polling: error).answer
    }
  }

  private func tokens(_ set: TokenSet) -> HTTPAnswer {
    let now = now()
    return JSON.answer(
      200,
      [
        "access_token": .text(set.accessToken), "token_type": "Bearer",
        "expires_in": .number(max(0, (set.accessExpiresAt - now) / 1000)),
        "refresh_token": .text(set.refreshToken),
        "refresh_token_expires_in": .number(max(0, (set.refreshExpiresAt - now) / 1000)),
        "account": .text(set.account), "fleet": .text(set.fleet.rawValue), "fleet_name": .text(set.fleetName),
        "role": .text(set.role.rawValue),
      ])
  }

  /// A token that is not valid is as good as revoked (RFC 7009, section 2.2).
  @Sendable func revoke(_ request: WebRequest) async throws(CmdopError) -> HTTPAnswer {
    let fields = try FormFields(request.ask)
    guard let token = fields["token"], !token.isEmpty else { return Self.missing("token") }
    do throws(CmdopError) {
      try await desk.revoke(token: token, peer: request.peer)
    } catch {
      if error.code != .unauthenticated, error.code != .notFound { throw error }
    }
    return JSON.answer(200, [:])
  }

  /// RFC 8414. There is no authorization endpoint, so there are no response types.
  @Sendable func showMetadata(_ request: WebRequest) async throws(CmdopError) -> HTTPAnswer {
    let origin = request.origin
    return JSON.answer(
      200,
      [
        "issuer": .text(origin),
        "device_authorization_endpoint": .text(origin + "/oauth/device_authorization"),
        "token_endpoint": .text(origin + "/oauth/token"), "revocation_endpoint": .text(origin + "/oauth/revoke"),
        "jwks_uri": .text(origin + "/.well-known/jwks.json"), "response_types_supported": .list([]),
        "grant_types_supported": .list([.text(Self.deviceGrant), .text(Self.refreshGrant)]),
        "token_endpoint_auth_methods_supported": .list(["none"]),
        "revocation_endpoint_auth_methods_supported": .list(["none"]),
      ])
  }

  /// RFC 7517 with RFC 8037.
  @Sendable func showKeys(_ request: WebRequest) async throws(CmdopError) -> HTTPAnswer {
    let keys = await desk.tokenKeys().map { id, key in
      JSON.object([
        "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": .text(id), "x": .text(base64url(key)),
      ])
    }
    return JSON.answer(200, ["keys": .list(keys)])
  }

  private static func missing(_ field: String) -> HTTPAnswer {
    OAuthError("invalid_request", "the field \(field) is missing").answer
  }
}
