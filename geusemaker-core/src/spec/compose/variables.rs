//! The variables in the texts of a Compose file.

/// Replaces `$$` by `$`, and `${NAME:-text}` and `${NAME-text}` by the text. No other variable has a value: a spec must
/// mean the same everywhere, so neither the environment nor a `.env` file is read. An error does not repeat the text.
pub(super) fn replace(text: &str) -> Result<String, String> {
    let mut replaced = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        replaced += before;
        if let Some(after) = after.strip_prefix('$') {
            replaced.push('$');
            rest = after;
            continue;
        }
        let inner = after
            .strip_prefix('{')
            .and_then(|inner| inner.split_once('}'));
        let (expression, after) = inner.unwrap_or_else(|| word(after));
        let name = word(expression).0;
        let default = expression[name.len()..]
            .trim_start_matches(':')
            .strip_prefix('-');
        match default {
            Some(default) if !name.is_empty() && !default.contains('$') => replaced += default,
            _ if name.is_empty() => {
                return Err("has a \"$\" that begins no variable: write \"$$\" for it".to_owned());
            }
            // Not the name of a variable, as a rule, but a part of the text.
            _ if name.contains(|c: char| c.is_ascii_lowercase()) => {
                return Err(
                    "has a \"$\" that begins a variable, and none has a value here: write \"$$\" for the sign itself"
                        .to_owned(),
                );
            }
            _ => {
                return Err(format!(
                    "needs the variable {name}, which has no value here: neither a .env file nor the environment is read, \
                     since a spec must mean the same everywhere; write a default as in \"${{{name}:-value}}\", or the \
                     value itself"
                ));
            }
        }
        rest = after;
    }
    Ok(replaced + rest)
}

/// Splits the text after the name of a variable that it begins with.
fn word(text: &str) -> (&str, &str) {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split_at(text.find(|c| !is_part(c)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn defaults_replace_variables() {
        for (text, replaced) in [
            ("a", "a"),
            ("a$$b", "a$b"),
            ("${PORT:-8080}:80", "8080:80"),
            ("${PORT-8080}", "8080"),
            ("${A:-}${B:-x-y}", "x-y"),
        ] {
            assert_eq!(replace(text).as_deref(), Ok(replaced));
        }
        for (text, wanted) in [
            ("$TAG", "needs the variable TAG, which has no value here"),
            ("a${TAG}", "needs the variable TAG"),
            ("${TAG:?set it}", "needs the variable TAG"),
            ("${A:-$B}", "needs the variable A"),
            ("${TAG", "begins no variable"),
            ("pass$word", "begins a variable, and none has a value here"),
            ("5$", "begins no variable: write \"$$\" for it"),
        ] {
            let error = replace(text).unwrap_err();
            assert!(error.contains(wanted), "{error}");
        }
    }

    proptest! {
        #[test]
        fn text_without_variables_is_kept(text in "[^$]*") {
            prop_assert_eq!(replace(&text), Ok(text));
        }

        #[test]
        fn replacing_never_panics(text in "([a-zé]|[$]|[{}:-])*") {
            let _ = replace(&text);
        }
    }
}
