//! A real browser: headless Chromium, driven by chromedriver.

use std::os::unix::process::CommandExt as _;
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
    driver_at: String,
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
            .process_group(0)
            .spawn()
            .expect("chromedriver is installed");
        let driver_at = format!("http://127.0.0.1:{port}");
        let client = connect(&driver_at).await;
        Some(Self {
            client,
            base: base.to_owned(),
            driver_at,
            driver,
        })
    }

    /// Signs in.
    pub async fn sign_in(&self, email: &str, password: &str) {
        self.go("/sign-in").await;
        self.fill("#email", email).await;
        self.fill("#password", password).await;
        self.click("Sign in").await;
        self.arrives("/").await;
    }

    /// Signs out.
    pub async fn leave(&self) {
        let clicked = self.click_on("form.who button").await;
        clicked.expect("a button");
        self.arrives("/sign-in").await;
    }

    /// Waits until another page has come than the one that was marked with `isOld`.
    pub async fn loads_anew(&self) {
        for _ in 0..150 {
            let new = "return !window.isOld && document.readyState === 'complete'";
            let new = self.client.execute(new, vec![]).await;
            if new.is_ok_and(|new| new == true) {
                return; // a page that is just leaving answers nothing
            }
            sleep(Duration::from_millis(20)).await;
        }
        panic!("nothing came after {}", self.path().await);
    }

    /// Waits a moment until a script says yes; a page that is just leaving says so too.
    pub async fn comes_true(&self, script: &str) -> bool {
        for _ in 0..50 {
            let said = self.client.execute(script, vec![]).await;
            if said.map_or(true, |said| said == true) {
                return true;
            }
            sleep(Duration::from_millis(20)).await;
        }
        false
    }

    /// What sticks out of the window, where that makes the page scroll sideways.
    pub async fn too_wide(&self) -> Vec<serde_json::Value> {
        let found = self.ask(TOO_WIDE).await;
        found.as_array().cloned().expect("a list")
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

    /// Waits until the browser is at this address.
    pub async fn arrives(&self, path: &str) {
        for _ in 0..100 {
            if self.path().await == path {
                return;
            }
            sleep(Duration::from_millis(100)).await;
        }
        panic!("never came to {path} but to {}", self.path().await);
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

    /// What a script says that calls back.
    pub async fn ask_later(&self, script: &str) -> serde_json::Value {
        let asked = self.client.execute_async(script, vec![]).await;
        asked.expect("an answer")
    }

    /// A picture of the page as far as the window shows it.
    pub async fn screenshot(&self) -> Vec<u8> {
        self.client.screenshot().await.expect("a picture")
    }

    /// So many pixels wide, for a reader who prefers light or dark.
    pub async fn look_like(&self, width: u32, colours: &str) {
        let metrics =
            json!({ "width": width, "height": 1600, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics)
            .await;
        let features = json!([{ "name": "prefers-color-scheme", "value": colours }]);
        self.devtools(
            "Emulation.setEmulatedMedia",
            json!({ "media": "", "features": features }),
        )
        .await;
    }

    /// As on paper.
    pub async fn prints(&self) {
        let paper = json!({ "media": "print" });
        self.devtools("Emulation.setEmulatedMedia", paper).await;
    }

    /// Presses a key once.
    pub async fn press(&self, key: &str, code: u32) {
        let text = if key == "Enter" { "\r" } else { "" };
        for kind in ["keyDown", "keyUp"] {
            let pressed = json!({
                "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text,
            });
            self.devtools("Input.dispatchKeyEvent", pressed).await;
        }
    }

    /// Lets no page run a script any more.
    pub async fn without_script(&self) {
        let off = json!({ "value": true });
        self.devtools("Emulation.setScriptExecutionDisabled", off)
            .await;
    }

    /// Runs this in every page before its own scripts.
    pub async fn prepare(&self, script: &str) {
        let source = json!({ "source": script });
        self.devtools("Page.addScriptToEvaluateOnNewDocument", source)
            .await;
    }

    /// What scripts complained about since the last time; that an address answers 4xx is no complaint of a script.
    pub async fn complaints(&self) -> Vec<String> {
        let said = self.drive("se/log", json!({ "type": "browser" })).await;
        let lines = said["value"].as_array().cloned().unwrap_or_default();
        let lines = lines.iter().filter_map(|line| line["message"].as_str());
        lines
            .filter(|line| !line.contains("the server responded with a status of 4"))
            .filter(|line| !line.contains("[DOM]")) // advice for makers of password managers
            .map(str::to_owned)
            .collect()
    }

    /// Clicks what a CSS selector finds.
    pub async fn click_on(&self, selector: &str) -> Result<(), String> {
        let found = self.client.find(Locator::Css(selector)).await;
        let clicked = match found {
            Ok(found) => found.click().await,
            Err(error) => Err(error),
        };
        clicked.map_err(|error| error.to_string())
    }

    /// What WebDriver cannot say, chromedriver hands on to the browser's own tools.
    async fn devtools(&self, command: &str, parameters: serde_json::Value) {
        let body = json!({ "cmd": command, "params": parameters });
        self.drive("goog/cdp/execute", body).await;
    }

    async fn drive(&self, command: &str, body: serde_json::Value) -> serde_json::Value {
        let session = self.client.session_id().await.expect("a session");
        let session = session.expect("an open session");
        let address = format!("{}/session/{session}/{command}", self.driver_at);
        let sent = reqwest::Client::new().post(address).json(&body).send();
        let answer = sent.await.expect("chromedriver answers");
        assert!(answer.status().is_success(), "{command} {body}");
        answer.json().await.expect("JSON")
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

const TOO_WIDE: &str = "const end = window.innerWidth; \
    if (document.documentElement.scrollWidth <= end) return []; \
    const out = [...document.querySelectorAll('body *')].filter(one => !one.closest('.scroll')); \
    const wide = out.filter(one => { const at = one.getBoundingClientRect(); return at.right > end + 1 || at.left < -1; }); \
    return ['it scrolls', ...wide.map(one => one.outerHTML.slice(0, 80))]";

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver leads a group of its own, so that the browser it started ends with it.
        let group = format!("-{}", self.driver.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.driver.wait();
    }
}

async fn connect(driver: &str) -> Client {
    let options = json!({
        "goog:chromeOptions": { "args": FLAGS },
        "goog:loggingPrefs": { "browser": "ALL" },
    });
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
