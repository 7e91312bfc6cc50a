//! Into the vault of a configuration, as an operator has it.

use std::{fs, process::Command};

use crate::{
    place::{IDENTITY, Place, Said, csv},
    support::{Node, free_address, store},
};

#[test]
fn cards_are_imported_into_a_live_vault_that_was_started_before() {
    let place = Place::new();
    let (clients, operator) = (free_address(), free_address());
    let folder = place.path("");
    let folder = folder.display().to_string().trim_end_matches('/').to_owned();
    let text = format!(
        "listen = \"{clients}\"\nadmin_listen = \"{operator}\"\npublic_url = \"https://vault.example\"\n{store}\
         ring = \"{folder}/ring\"\nroot_key = {{ file = \"{folder}/root.key\" }}\n\
         [[tenants]]\nnumber = 1\norganization = \"shop\"\n\
         [[credentials]]\nname = \"user\"\nkind = \"worldpay-user\"\norganizations = [\"shop\"]\nuser = \"u\"\n\
         entities = [\"e\"]\nsecret = {{ file = \"{folder}/user\" }}\n",
        store = store::line(place.work.path()),
    );
    for (name, content) in [
        ("root.key", "5a".repeat(32)),
        ("user", "Wvkmarkedpassword".to_owned()),
        ("own.key", IDENTITY.to_owned()),
    ] {
        fs::write(place.path(name), content).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        fs::set_permissions(place.path(name), mode).unwrap();
    }
    fs::write(place.path("coffer.toml"), text).unwrap();
    let file = place.file("cards.age", &csv(3));
    let import = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_coffer"));
        command.args(["import-cards", "--config"]).arg(place.path("coffer.toml"));
        command
            .args(["--into", "worldpay", "--organization", "shop", "--identity"])
            .arg(place.path("own.key"));
        Said::of(command.arg(&file).output().unwrap())
    };
    if !store::is_postgres() {
        let said = import();
        assert!(said.code == Some(1) && said.err.contains("start the node once first"), "{}", said.err);
        assert!(!place.path("data").exists());
    }
    assert!(Node::serve(&place.path("coffer.toml"), clients, operator).unwrap().stop());
    // No secret of a credential is needed.
    fs::remove_file(place.path("user")).unwrap();
    let ring = fs::read(place.path("ring")).unwrap();
    let said = import();
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    assert!(said.out.contains("         3  made\n") && said.err.contains("imported 3 rows"), "{}", said.out);
    assert_eq!(fs::read(place.path("ring")).unwrap(), ring, "the node's ring is left alone");
    assert!(Place::map(&file)[0][3].starts_with("https://vault.example/worldpay/tokens/"));
    let wrong = fs::read_to_string(place.path("coffer.toml")).unwrap().replace("worldpay-user", "payroc-key");
    fs::write(place.path("coffer.toml"), wrong).unwrap();
    assert!(import().err.contains("is for Payroc, not for Worldpay"));
}
