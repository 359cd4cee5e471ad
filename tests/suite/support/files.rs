//! Downloaded files, read back as rows.

use std::io::Read as _;

/// The rows of a CSV file that begins with the mark that Excel looks for, without its header.
pub fn records(body: &str) -> Vec<csv::StringRecord> {
    let plain = body
        .strip_prefix('\u{feff}')
        .expect("the mark that Excel looks for");
    let mut reader = csv::Reader::from_reader(plain.as_bytes());
    reader
        .records()
        .map(|record| record.expect("a record"))
        .collect()
}

/// The objects of an NDJSON file.
pub fn objects(body: &str) -> Vec<serde_json::Value> {
    let object = |line| serde_json::from_str(line).expect("an object");
    body.lines().map(object).collect()
}

/// The XML of a workbook's only sheet.
pub fn sheet(bytes: Vec<u8>) -> String {
    let mut book = zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("a workbook");
    let mut sheet = String::new();
    let mut file = book.by_name("xl/worksheets/sheet1.xml").expect("a sheet");
    file.read_to_string(&mut sheet).expect("text");
    sheet
}

/// The cells of a workbook's only sheet as texts, row by row; dates as Excel's numbers, empty cells left out.
pub fn cells(bytes: Vec<u8>) -> Vec<Vec<String>> {
    let sheet = scraper::Html::parse_fragment(&sheet(bytes));
    let find = |name: &str| scraper::Selector::parse(name).expect("a selector");
    let (rows, cells) = (find("row"), find("c"));
    let texts = |row: scraper::ElementRef<'_>| {
        let cells = row.select(&cells);
        cells.map(|cell| cell.text().collect()).collect()
    };
    sheet.select(&rows).map(texts).collect()
}
