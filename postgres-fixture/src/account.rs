//! Whose server it is: PostgreSQL refuses to run as root.

use std::{
    fs,
    os::unix::{fs::chown, process::CommandExt},
    path::Path,
    process::Command,
};

/// The user that Debian's package makes.
const USER: &str = "postgres";

/// Who runs the server.
#[derive(Clone, Copy)]
pub(crate) enum Account {
    /// Whoever runs the tests.
    Own,
    /// The tests run as root, and the server as this user and group.
    Other(u32, u32),
}

impl Account {
    /// Root hands over to the user `postgres`; everybody else keeps the server.
    pub(crate) fn of_server() -> Self {
        if !rustix::process::geteuid().is_root() {
            return Self::Own;
        }
        let users = fs::read_to_string("/etc/passwd").expect("the list of users");
        let found = find(&users, USER);
        let (user, group) =
            found.unwrap_or_else(|| panic!("PostgreSQL refuses to run as root, and there is no user {USER}"));
        Self::Other(user, group)
    }

    /// Lets a command run as this account.
    pub(crate) fn runs(self, command: &mut Command) {
        if let Self::Other(user, group) = self {
            command.uid(user).gid(group);
        }
    }

    /// Gives a file or a folder to this account.
    pub(crate) fn owns(self, path: &Path) {
        if let Self::Other(user, group) = self {
            chown(path, Some(user), Some(group)).expect("root gives a folder away");
        }
    }
}

/// The numbers of a user and its group (passwd(5)).
fn find(users: &str, name: &str) -> Option<(u32, u32)> {
    let mut lines = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let fields = lines.find(|fields| fields[0] == name)?;
    Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let users =
            "root:x:0:0:root:/:/bin/sh\npostgres2:x:7:8::/:/bin/sh\npostgres:x:101:104:a,b:/:/bin/sh\n";
        assert_eq!(find(users, USER), Some((101, 104)));
        assert_eq!(find(users, "nobody"), None);
        assert_eq!(find("postgres:x\n", USER), None);
    }
}
