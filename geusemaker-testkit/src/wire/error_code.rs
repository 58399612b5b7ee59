//! Tables of error codes, and the codes of the protocols themselves.

/// An error code of a table, with its HTTP status.
pub(crate) trait ErrorCode: Copy {
    /// The codes of the table, with their statuses.
    const TABLE: &'static [(&'static str, u16)];

    /// Returns the code as AWS writes it.
    fn name(self) -> &'static str;

    /// Returns the HTTP status of an answer with the code.
    fn status(self) -> u16;
}

/// Declares error codes, one a line: the code and its HTTP status. A code with a dot has its full name after an equals
/// sign. A code that no answer uses is reported as dead code.
macro_rules! error_codes {
    (
        $(#[$doc:meta])*
        enum Code {
            $($code:ident $(= $name:literal)? => $status:literal,)+
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(clippy::enum_variant_names, reason = "the names are AWS's")]
        pub(crate) enum Code {
            $($code,)+
        }

        impl $crate::wire::error_code::ErrorCode for Code {
            const TABLE: &'static [(&'static str, u16)] = &[
                $(($crate::wire::error_code::name_of!($code $($name)?), $status),)+
            ];

            fn name(self) -> &'static str {
                match self {
                    $(Self::$code => $crate::wire::error_code::name_of!($code $($name)?),)+
                }
            }

            fn status(self) -> u16 {
                match self {
                    $(Self::$code => $status,)+
                }
            }
        }
    };
}

macro_rules! name_of {
    ($code:ident) => {
        stringify!($code)
    };
    ($code:ident $name:literal) => {
        $name
    };
}

pub(crate) use {error_codes, name_of};

error_codes! {
    /// An error code of a request that names no operation or cannot be read.
    enum Code {
        AuthFailure => 401,
        BadRequest => 400,
        IncompleteSignature => 400,
        InvalidAction => 400,
        InvalidArgument => 400,
        InvalidClientTokenId => 403,
        InvalidInput => 400,
        InvalidParameterValue => 400,
        // The common errors of AWS's query APIs include this code, with this status.
        MalformedQueryString => 404,
        MalformedXML => 400,
        MissingAction => 400,
        MissingAuthenticationToken => 403,
        MissingParameter => 400,
        NoSuchVersion => 400,
        RequestEntityTooLarge => 413,
        SerializationException => 400,
        SignatureDoesNotMatch => 403,
        // No code of AWS, so that it cannot be taken for an answer of AWS.
        SimulatorUnsupported => 501,
        UnknownOperationException => 400,
        UnrecognizedClientException => 400,
        ValidationException => 400,
    }
}
