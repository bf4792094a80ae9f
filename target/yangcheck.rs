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
