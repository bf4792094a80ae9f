//! Breaking lines that are too long, as pyang does with `--tree-line-length`.

/// Writes `before PATH:`, in several lines where it is longer than `limit`.
pub(super) fn path(before: &str, path: &str, limit: Option<usize>, out: &mut String) {
    let whole = format!("{before} {path}:");
    let Some(limit) = limit.filter(|limit| whole.chars().count() > *limit) else {
        out.push_str(&whole);
        out.push('\n');
        return;
    };
    let mut start = format!("{before} ");
    let steps: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let mut left = steps.as_slice();
    while let [first, rest @ ..] = left {
        left = rest;
        let mut line = format!("{start}/{first}");
        if line.len() <= limit {
            while let [next, rest @ ..] = left {
                // The colon behind the last step must fit too.
                let colon = usize::from(rest.is_empty());
                if line.len() + 1 + next.len() + colon > limit {
                    break;
                }
                line.push('/');
                line.push_str(next);
                left = rest;
            }
        }
        if left.is_empty() {
            line.push(':');
        }
        out.push_str(&line);
        out.push('\n');
        if !start.trim().is_empty() {
            start = " ".repeat(start.len() + 2);
        }
    }
}
