//! A real browser: headless Chromium, driven by chromedriver.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::say;

use actix_web::rt::time::sleep;
use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;

/// As root in a container, and without any call home.
const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// One browser with a fresh profile, closed when dropped.
pub struct Browser {
    client: Client,
    base: String,
    driver: Child,
}

impl Browser {
    /// A browser on a site, or `None` where `ALX_TEST_BROWSER` is not `1`.
    pub async fn open(base: &str) -> Option<Self> {
        if std::env::var("ALX_TEST_BROWSER").as_deref() != Ok("1") {
            say("NOT RUN: a test in a real browser; set ALX_TEST_BROWSER=1");
            return None;
        }
        let port = free_port();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .spawn()
            .expect("chromedriver is installed");
        let client = connect(&format!("http://127.0.0.1:{port}")).await;
        Some(Self {
            client,
            base: base.to_owned(),
            driver,
        })
    }

    /// Opens a page of the site.
    pub async fn go(&self, path: &str) {
        let address = format!("{}{path}", self.base);
        self.client.goto(&address).await.expect("the page opens");
    }

    /// Types into a field.
    pub async fn fill(&self, field: &str, text: &str) {
        let field = self.find(Locator::Css(field)).await;
        field.clear().await.expect("a field");
        field.send_keys(text).await.expect("a field");
    }

    /// Clicks the link or button with this text in the main part of the page.
    pub async fn click(&self, text: &str) {
        let path = format!("//main//*[self::a or self::button][normalize-space()='{text}']");
        self.find(Locator::XPath(&path))
            .await
            .click()
            .await
            .expect("a click");
    }

    /// The text of what a CSS selector finds, as people read it.
    pub async fn text(&self, selector: &str) -> String {
        self.find(Locator::Css(selector))
            .await
            .text()
            .await
            .expect("a text")
    }

    /// Waits until the main part of the page says this.
    pub async fn sees(&self, text: &str) {
        for _ in 0..100 {
            let found = self.client.find(Locator::Css("main")).await;
            let shown = match found {
                Ok(main) => main.text().await.unwrap_or_default(), // a page that is just leaving has no text
                Err(_) => String::new(),
            };
            if shown.contains(text) {
                return;
            }
            sleep(Duration::from_millis(100)).await;
        }
        panic!("never saw {text:?} but {}", self.text("main").await);
    }

    /// Reloads the page.
    pub async fn reload(&self) {
        self.client.refresh().await.expect("the page opens again");
    }

    /// The address of the page, without the host.
    pub async fn path(&self) -> String {
        let address = self.client.current_url().await.expect("an address");
        address.path().to_owned()
    }

    /// What a script says about the page.
    pub async fn ask(&self, script: &str) -> serde_json::Value {
        self.client
            .execute(script, vec![])
            .await
            .expect("an answer")
    }

    /// As wide as a phone, or as a desk.
    pub async fn resize(&self, width: u32) {
        self.client
            .set_window_size(width, 900)
            .await
            .expect("a window");
    }

    async fn find(&self, what: Locator<'_>) -> Element {
        let waiting = self.client.wait().at_most(Duration::from_secs(10));
        waiting
            .for_element(what)
            .await
            .unwrap_or_else(|_| panic!("no {what:?} on the page"))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

async fn connect(driver: &str) -> Client {
    let options = json!({ "goog:chromeOptions": { "args": FLAGS } });
    let capabilities = options.as_object().expect("an object").clone();
    for _ in 0..50 {
        let mut builder = ClientBuilder::new(HttpConnector::new());
        if let Ok(client) = builder
            .capabilities(capabilities.clone())
            .connect(driver)
            .await
        {
            return client;
        }
        sleep(Duration::from_millis(200)).await;
    }
    panic!("chromedriver did not open a browser within ten seconds");
}

fn free_port() -> u16 {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    socket.local_addr().expect("its address").port()
}
