"""Every error that Tingshuo raises on purpose, with its HTTP status and exit code.

::

    TingshuoError
    ├── ConfigError              a config or manifest file has a wrong key or value
    ├── RequestError             a parameter is outside its range or unknown
    │   ├── UnknownVoiceError    no voice, speaker or style of that name
    │   ├── TooLargeError        more text or bytes than the limit
    │   ├── TooSlowError         a body that does not come
    │   └── MediaTypeError       a body that is not of the accepted content type
    ├── TextError                text that cannot be spoken
    │   └── SsmlError            malformed or unsupported markup
    ├── AudioError               audio that cannot be read or written
    │   └── EncoderNotInstalledError
    ├── OutputError              a path that cannot be written
    ├── NotFoundError            something asked for by id is gone or never was
    ├── BusyError                more work than the server will queue
    ├── AccessError              a caller who may not do this
    │   ├── UnauthorizedError    no key of the server's, or one that does not hold
    │   └── RateLimitError       more requests than the caller is allowed
    ├── BundleError              a bundle that is damaged or not a bundle
    │   ├── SchemaVersionError   written by a newer version
    │   ├── HashMismatchError    a file differs from its manifest
    │   ├── SignatureError       a signature that is missing, wrong, or of a key that may not sign this
    │   ├── SealedError          encrypted, and the key is missing, wrong, or does not fit what it should open
    │   └── ConsentError         a cloned voice without the consent of the person, or after its end
    ├── RegistryError            a version that cannot be saved, found or moved
    ├── EngineError              a graph that cannot be opened or run
    │   └── EngineNotInstalledError
    ├── PortError                an export or import that failed
    │   └── VerifyError          an exported graph differs from its original
    ├── DataError                recordings or their texts that cannot be learnt from
    └── TrainError               a training that cannot start, go on or be resumed

A message is one sentence that names the cause and the remedy; it is shown to users as it is.
"""

from typing import NamedTuple


class TingshuoError(Exception):
    """Base of all errors that are raised on purpose.

    ``param`` names the parameter or field at fault, where one is.
    """

    param: str | None = None


class ConfigError(TingshuoError):
    """A config or manifest file has an unknown key or a wrong value."""


class RequestError(TingshuoError):
    """A parameter is outside its range or unknown; the message lists what is accepted.

    Parameters
    ----------
    message : str
        What is wrong and what is accepted.
    param : str or None
        Name of the parameter at fault, for error bodies that have a field for it.
    """

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


class UnknownVoiceError(RequestError):
    """No voice, speaker or style of that name."""


class TooLargeError(RequestError):
    """More text or bytes than the limit."""


class TooSlowError(RequestError):
    """A body that does not come within its time."""


class MediaTypeError(RequestError):
    """A body that is not of the accepted content type."""


class TextError(TingshuoError):
    """Text that cannot be spoken."""


class SsmlError(TextError):
    """Malformed markup, or an element or attribute outside the supported subset."""


class AudioError(TingshuoError):
    """Audio that cannot be read or written."""


class EncoderNotInstalledError(AudioError):
    """An audio format whose encoder is missing on this machine."""


class OutputError(TingshuoError):
    """A path that cannot be written."""


class NotFoundError(TingshuoError):
    """Something asked for by id is gone or never was."""


class BusyError(TingshuoError):
    """More work than the server will queue.

    Parameters
    ----------
    message : str
        What is full.
    retry_after_s : float
        Seconds after which a retry is likely to succeed.
    """

    def __init__(self, message: str, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class AccessError(TingshuoError):
    """A caller who may not do what was asked for."""


class UnauthorizedError(AccessError):
    """A request without a key of this server, or with one that is wrong, revoked or past its last day."""


class RateLimitError(AccessError):
    """More requests in a time, or at the same time, than the caller is allowed.

    Parameters
    ----------
    message : str
        What is used up.
    retry_after_s : float
        Seconds after which the next request will be let in.
    """

    def __init__(self, message: str, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class BundleError(TingshuoError):
    """A bundle that is damaged, or a path that is not a bundle."""


class SchemaVersionError(BundleError):
    """A bundle written by a newer version of Tingshuo."""


class HashMismatchError(BundleError):
    """A file of a bundle differs from what its manifest promises."""


class SignatureError(BundleError):
    """A signature that is missing, does not fit the files, or is of a key that may not sign this."""


class SealedError(BundleError):
    """Something encrypted whose key is missing or wrong, or that was cut short or exchanged for something else."""


class ConsentError(BundleError):
    """A cloned voice for which the person's consent is missing or has ended."""


class RegistryError(TingshuoError):
    """A version that cannot be saved, found or moved; nothing has been changed."""


class EngineError(TingshuoError):
    """A graph that cannot be opened or run."""


class EngineNotInstalledError(EngineError):
    """An engine or extra that is not installed; the message has the command that installs it."""


class PortError(TingshuoError):
    """An export or import that failed."""


class VerifyError(PortError):
    """An exported graph whose outputs differ from the original's."""


class DataError(TingshuoError):
    """Recordings or their texts that cannot be learnt from, or a manifest of them that is wrong."""


class TrainError(TingshuoError):
    """A training that cannot start, go on or be resumed."""


class Outcome(NamedTuple):
    """How an error leaves the program: HTTP status for the server, exit code for the command line."""

    status: int
    exit_code: int


OUTCOMES: dict[type[TingshuoError], Outcome] = {
    TingshuoError: Outcome(500, 1),
    ConfigError: Outcome(500, 3),
    RequestError: Outcome(400, 2),
    UnknownVoiceError: Outcome(404, 2),
    TooSlowError: Outcome(408, 2),
    TooLargeError: Outcome(413, 2),
    MediaTypeError: Outcome(415, 2),
    TextError: Outcome(422, 4),
    SsmlError: Outcome(422, 4),
    AudioError: Outcome(400, 5),
    EncoderNotInstalledError: Outcome(501, 5),
    OutputError: Outcome(500, 6),
    NotFoundError: Outcome(404, 7),
    BusyError: Outcome(503, 8),
    AccessError: Outcome(403, 16),
    UnauthorizedError: Outcome(401, 16),
    RateLimitError: Outcome(429, 16),
    BundleError: Outcome(500, 9),
    SchemaVersionError: Outcome(500, 9),
    HashMismatchError: Outcome(500, 9),
    SignatureError: Outcome(500, 9),
    SealedError: Outcome(500, 9),
    ConsentError: Outcome(403, 15),
    RegistryError: Outcome(409, 14),
    EngineError: Outcome(500, 10),
    EngineNotInstalledError: Outcome(501, 10),
    PortError: Outcome(500, 11),
    VerifyError: Outcome(500, 11),
    DataError: Outcome(422, 12),
    TrainError: Outcome(500, 13),
}


def outcome(error: TingshuoError) -> Outcome:
    """Return the HTTP status and exit code of an error, those of its nearest listed ancestor."""
    return next(OUTCOMES[c] for c in type(error).__mro__ if c in OUTCOMES)
