//! Tokens of a real authority (openssl), and bytes that pretend to be some.

use crate::authority::Office;
use proptest::prelude::*;
use std::sync::OnceLock;
use swordnet_core::Sha256Hex;
use swordnet_evidence::timestamp::{Authority, Error, Token, request};

const NONCE: u64 = 0xfedc_ba98_7654_3210;

fn digest() -> Sha256Hex {
    Sha256Hex::of(b"a package")
}

fn office() -> &'static Office {
    static OFFICE: OnceLock<Office> = OnceLock::new();
    OFFICE.get_or_init(|| Office::open("ec -pkeyopt ec_paramgen_curve:P-256"))
}

fn answer() -> &'static [u8] {
    static ANSWER: OnceLock<Vec<u8>> = OnceLock::new();
    ANSWER.get_or_init(|| office().answer(&request(&digest(), NONCE).unwrap()))
}

fn token() -> Token {
    Token::from_response(answer(), &digest(), NONCE).unwrap()
}

#[test]
fn tokens_of_every_usual_kind_of_key_hold() {
    for key in [
        "rsa:2048",
        "ec -pkeyopt ec_paramgen_curve:P-256",
        "ec -pkeyopt ec_paramgen_curve:P-384",
    ] {
        let office = Office::open(key);
        let response = office.answer(&request(&digest(), NONCE).unwrap());
        let token = Token::from_response(&response, &digest(), NONCE).unwrap();
        for authority in [&office.root, &office.own] {
            let stamp = token.check(&digest(), std::slice::from_ref(authority)).unwrap();
            assert!(stamp.trusted, "{key}");
            assert_eq!(stamp.authority, "CN=office");
        }
        assert!(
            office.accepts(token.der(), digest().as_str()),
            "openssl reads what is kept"
        );
        assert_eq!(Token::from_der(token.der()).unwrap().at(), token.at());
    }
}

#[test]
fn a_token_counts_for_its_digest_request_and_authority_alone() {
    let other = Sha256Hex::of(b"another package");
    assert_eq!(
        token().check(&other, &[]).unwrap_err(),
        Error::Wrong("is for another digest")
    );
    let wrong = |result: Result<Token, Error>| matches!(result, Err(Error::Wrong(_)));
    assert!(wrong(Token::from_response(answer(), &other, NONCE)));
    assert!(wrong(Token::from_response(answer(), &digest(), NONCE + 1)));
    let stranger = Office::open("ec -pkeyopt ec_paramgen_curve:P-256");
    let stamp = token()
        .check(&digest(), std::slice::from_ref(&stranger.root))
        .unwrap();
    assert!(!stamp.trusted, "another root of the same name");
    assert!(!token().check(&digest(), &[]).unwrap().trusted);
}

#[test]
fn a_refusal_says_why() {
    // SHA-224 is none of the digests that the office takes.
    let mut asked = request(&digest(), NONCE).unwrap();
    let sha_256 = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
    let at = asked.windows(9).position(|window| window == sha_256).unwrap();
    asked[at + 8] = 4;
    let error = Token::from_response(&office().answer(&asked), &digest(), NONCE).unwrap_err();
    assert!(
        matches!(&error, Error::Refused(why) if why.starts_with("status 2")),
        "{error}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn an_altered_token_never_says_something_else(at in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let good = token();
        let mut altered = good.der().to_vec();
        let at = at.index(altered.len());
        altered[at] ^= 1 << bit;
        // Bits that no signature covers exist in tokens (the kept certificates of others); what is said stays the same.
        if let Ok(Ok(stamp)) = Token::from_der(&altered).map(|token| token.check(&digest(), &[office().own.clone()])) {
            prop_assert_eq!(stamp.at, good.at());
        }
    }

    #[test]
    fn any_bytes_can_be_offered(bytes in prop::collection::vec(any::<u8>(), 0..300), cut in 0..200_usize) {
        let _ = Token::from_der(&bytes);
        let _ = Token::from_response(&bytes, &digest(), NONCE);
        let _ = Authority::from_der(&bytes);
        let damaged = [&answer()[..cut], &bytes, &answer()[cut..]].concat();
        let _ = Token::from_response(&damaged, &digest(), NONCE);
    }
}
