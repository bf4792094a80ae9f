use std::path::Path;
use strongbox::yang::*;
fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let mode = args[0].as_str();
    let dirs: Vec<&str> = args[1].split(':').collect();
    let mut library = Library::new();
    for d in &dirs {
        library.add_dir(Path::new(d)).unwrap();
    }
    let wanted: Vec<Wanted> = args[2..].iter().map(|m| Wanted::latest(m)).collect();
    if mode == "time" {
        let t = std::time::Instant::now();
        use strongbox::yang::syntax::*;
        let mut n = 0;
        let mut bytes = 0;
        let mut tc = std::time::Duration::ZERO;
        fn walk(d: &Path, f: &mut dyn FnMut(String)) {
            for e in std::fs::read_dir(d).unwrap() {
                let p = e.unwrap().path();
                if p.is_dir() { walk(&p, f) } else { f(std::fs::read_to_string(p).unwrap()) }
            }
        }
        let mut i = strongbox::base::ident::Interner::default();
        for d in &dirs {
            walk(Path::new(d), &mut |text| {
                bytes += text.len();
                let (s, _) = parse_module(&text, Default::default(), &mut i);
                let t2 = std::time::Instant::now();
                n += s.as_ref().map_or(0, |s| check(s, &text).len());
                tc += t2.elapsed();
            });
        }
        println!("parse+check {:?} of which check {:?} bytes {} {}", t.elapsed(), tc, bytes, n);
    }
    let start = std::time::Instant::now();
    let (schema, diagnostics) = compile(&mut library, &wanted);
    let took = start.elapsed();
    for d in &diagnostics {
        if mode != "tree" || d.is_error() {
            eprint!("{}", library.sources().render(d));
        }
    }
    let Some(schema) = schema else {
        eprintln!("FAILED {}", args[2]);
        std::process::exit(1)
    };
    match mode {
        "tree" => {
            for w in &wanted {
                print!("{}", schema.tree_diagram(schema.module_by_name(&w.module).unwrap()));
            }
        }
        "time" => println!("{:?} nodes {}", took, schema.nodes().count()),
        _ => println!("ok {} {} nodes {:?}", args[2], schema.nodes().count(), took),
    }
}
