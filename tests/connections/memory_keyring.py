"""A keyring that remembers as long as the process runs; chosen by tests in place of the system's."""

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError


class Keyring(KeyringBackend):
    priority = 5

    def __init__(self):
        super().__init__()
        self.items: dict[tuple[str, str], str] = {}
        self.locked = ""

    def set_password(self, service, username, password):
        self._unlock(password)
        self.items[service, username] = password

    def get_password(self, service, username):
        self._unlock("")
        return self.items.get((service, username))

    def delete_password(self, service, username):
        self._unlock("")
        if self.items.pop((service, username), None) is None:
            raise PasswordDeleteError("there is no such item")

    def _unlock(self, password):
        if self.locked:
            raise KeyringLocked(f"{self.locked} {password}")
