//! The architecture in words.

use std::process::Command;

use serde_json::Value;

use crate::command::Ran;

fn describe(config: &str, words: &[&str]) -> Ran {
    let folder = crate::support::home();
    let path = folder.path().join("coffer.toml");
    std::fs::write(&path, config).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_coffer"));
    command.args(["crypto", "describe"]).args(words).arg("--config").arg(&path);
    Ran::of(command.output().unwrap())
}

const TOP: &str =
    "listen = \"127.0.0.1:1\"\nadmin_listen = \"127.0.0.1:2\"\ndata = \"data\"\nring = \"ring\"\n";

#[test]
fn the_architecture_is_told_from_the_configuration() {
    let config = format!(
        "{TOP}[custody]\nkind = \"pkcs11\"\nmodule = \"/m.so\"\ntoken = \"vault\"\npin = {{ env = \"PIN\" }}\n\
         [keys]\ndata_days = 17\n"
    );
    let told = describe(&config, &["--json"]).ends(0).json();
    assert_eq!(told["custody"]["kind"], "device");
    assert_eq!(told["devices"][0]["token"], "vault");
    assert_eq!(told["test and production"]["shared"], "nothing");
    let keys = told["keys"].as_array().unwrap();
    let data: &Value = keys.iter().find(|key| key["key"] == "data, durable").unwrap();
    assert!(data["replaced"].as_str().unwrap().contains("17 days"), "{data}");
    assert!(keys.iter().all(|key| key["key"] != "root"), "a device has none");
    let text = describe(&config, &[]).ends(0).out;
    for part in ["AES-256-GCM", "HKDF-SHA-256", "token: vault", "nothing", "17 days"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let shares = format!("admin_socket = \"s\"\n{TOP}[custody]\nkind = \"shares\"\n");
    assert_eq!(describe(&shares, &["--json"]).ends(0).json()["custody"]["kind"], "shares");
}

#[test]
fn a_vault_has_one_custody() {
    let both = format!(
        "{TOP}root_key = {{ file = \"k\" }}\n[custody]\nkind = \"pkcs11\"\nmodule = \"m\"\n\
         token = \"t\"\npin = {{ env = \"P\" }}\n"
    );
    for (config, part) in [
        (both.as_str(), "not both"),
        (TOP, "root_key: name the file"),
        (&format!("{TOP}[custody]\nkind = \"shares\"\n"), "admin_socket: custodians bring"),
        (
            &format!("{TOP}root_key = {{ file = \"k\" }}\n[keys]\ndata_days = 0\n"),
            "keys.data_days: it is 1 to",
        ),
        (
            &format!(
                "{TOP}[custody]\nkind = \"pkcs11\"\nmodule = \"m\"\ntoken = \"t\"\nmechanism = \"rot13\"\n\
                      pin = {{ env = \"P\" }}\n"
            ),
            "custody.mechanism: it is aes-gcm",
        ),
    ] {
        let refused = describe(config, &[]).ends(1);
        assert!(refused.err.contains(part), "{part}: {}", refused.err);
    }
}
